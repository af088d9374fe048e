import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import type { Actor } from '../features/episodes/write';
import { readTitles } from '../features/titles/dictionary';
import { foldChangedTitles } from '../features/titles/public';
import { keepReadings, unreadAmong } from '../features/titles/readings';
import {
  type BangumiData,
  loadBangumiData,
  readBangumiSeries,
  type Skipped,
} from '../features/transfer/bangumi-data';
import { type ImportResult, importBangumi, recentSince } from '../features/transfer/import-bangumi';
import type { Database } from '../platform/database';
import { createLogger, type Logger } from '../platform/log';
import { type Config, ConfigError, loadConfig } from '../process/config';
import { failure } from './support/run-command';
import { withCatalog } from './support/with-catalog';

const USAGE = `Usage: npm run import -- [--all]

Brings the catalog to what bangumi-data says (https://github.com/bangumi-data/bangumi-data, CC BY 4.0): series, and an
episode for each broadcast that has passed; of a series without an end, for those up to the date of the data.

What nobody has edited follows the data when a newer edition is installed: titles, ends, links, times. Imported episodes
that nobody has touched are taken back when the data says that there was no such broadcast; they are deleted, and can be
restored. What somebody has edited, added, hidden or deleted stays as it is. A series is recognised by its ids, its links,
or its title and begin, and keeps its address. What the data no longer has stays, too, and is listed.

Importing again adds the broadcasts that have passed since. It may run while the site does.

  --all    Every series (about 8,500); without it, those that begin within the last two years (about 500), and all that
           were imported before.
  --help   Prints this.

It writes to the database of DATABASE_URL, or to the site's own in DATA_DIR.
`;

const actor: Actor = { kind: 'system', id: null, name: 'import', via: 'command' };
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** What an interruption aborts the import with. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(readonly exitCode: number) {
    super('The import was interrupted.');
  }
}

type Progress = { readonly update: (done: number, total: number) => void; readonly stop: () => void };

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const config = loadConfig(process.env);
  const log = createLogger(config.logLevel);
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Not once: a terminal signals the whole group, and npm hands the signal on to its child as well.
    process.on(signal, () => interruption.abort(new Interrupted(EXIT_CODES[signal])));
  }
  const now = new Date();
  try {
    const result = await runImport(config, log, {
      now,
      ...(!options.all && { since: recentSince(now) }),
      signal: interruption.signal,
    });
    console.log(describe(result, Date.now() - now.getTime()));
    return 0;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.error('Interrupted. What was imported so far stays; the same command goes on from there.');
    return error.exitCode;
  }
}

/** The options, or what is wrong with them. */
function readOptions(args: readonly string[]): { readonly all: boolean; readonly help: boolean } | string {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ args: [...args], options: { all: flag, help: flag } }).values;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

async function runImport(
  config: Config,
  log: Logger,
  options: { readonly now: Date; readonly since?: Date; readonly signal: AbortSignal },
): Promise<ImportResult> {
  const progress = process.stderr.isTTY ? createBar() : createLines();
  try {
    return await withCatalog(config, log, async (catalog) => {
      const data = await loadBangumiData();
      if (config.titleReadings) await readNewTitles(catalog.db, data, log);
      const result = await importBangumi(catalog, actor, { ...options, data, onProgress: progress.update });
      await foldChangedTitles(catalog.db);
      return result;
    });
  } finally {
    progress.stop();
  }
}

/** Ahead of the import, so that the addresses of new series can be read. */
async function readNewTitles(db: Database, data: BangumiData, log: Logger): Promise<void> {
  const titles = readBangumiSeries(data).series.flatMap(
    ({ title, titleLanguage, titleNative, nativeLanguage }) => [
      ...(titleLanguage === 'ja' ? [title] : []),
      ...(nativeLanguage === 'ja' && titleNative !== null ? [titleNative] : []),
    ],
  );
  const unread = await unreadAmong(db, titles);
  if (unread.length === 0) return;
  console.error(`Reading ${count(unread.length)} Japanese titles …`);
  try {
    await keepReadings(db, await readTitles(unread));
  } catch (error) {
    log.warn({ err: error }, 'Titles could not be read; addresses are made without it');
  }
}

function createBar(): Progress {
  // An interruption is main's: it ends the import first, and the bar with it.
  const bar = new SingleBar({
    format: 'Importing [{bar}] {percentage} % | {value} of {total} series',
    gracefulExit: false,
  });
  return {
    update(done, total) {
      if (!bar.isActive) bar.start(total, done);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

/** A line for every tenth of the way, for logs and pipes. */
function createLines(): Progress {
  let tenths = 0;
  return {
    update(done, total) {
      const reached = total === 0 ? 0 : Math.floor((done * 10) / total);
      if (reached === tenths) return;
      tenths = reached;
      console.error(`${count(done)} of ${count(total)} series (${Math.floor((done * 100) / total)} %)`);
    },
    stop: () => undefined,
  };
}

function describe(result: ImportResult, durationMs: number): string {
  const { series, episodes, knownUntil, gone, skipped, ambiguous } = result;
  return [
    `The data is of ${knownUntil.toISOString().slice(0, 10)}.`,
    `Series: ${listCounts({ added: series.added, updated: series.updated })}, ${count(series.known)} were there.`,
    `Episodes: ${listCounts({
      added: episodes.added,
      'given another time': episodes.moved,
      'taken back': episodes.takenBack,
      'brought back': episodes.broughtBack,
    })}, ${count(episodes.known)} were there.`,
    ...list(
      'No longer in the data, and still here',
      gone.map(({ title, slug }) => `${title}: /series/${slug}`),
    ),
    ...list('Not sure which series it is', ambiguous.map(toLine)),
    ...list('Not imported, or not in full', skipped.map(toLine)),
    `Took ${(durationMs / 1_000).toFixed(1)} s.`,
  ].join('\n');
}

/** `12 added, 3 updated`: what did not happen is left out, apart from the first. */
function listCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, value], index) => index === 0 || value > 0)
    .map(([name, value]) => `${count(value)} ${name}`)
    .join(', ');
}

function list(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : [`${heading} (${count(lines.length)}):`, ...lines.map((line) => `  ${line}`)];
}

function toLine({ title, reason }: Skipped): string {
  return `${title}: ${reason}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(error instanceof ConfigError ? error.message : `Failed: ${failure(error)}`);
    process.exitCode = 1;
  },
);
