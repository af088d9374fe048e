import { parseArgs } from 'node:util';
import { runCommand } from '../src/commands/support/run-command';
import { readTitles } from '../src/features/titles/dictionary';
import { foldChangedTitles, searchSeries } from '../src/features/titles/public';
import { findUnreadTitles, keepReadings } from '../src/features/titles/readings';
import { loadBangumiData, readBangumiSeries } from '../src/features/transfer/bangumi-data';
import { insertSeries } from '../src/features/transfer/import-rows';
import { assignSlugs } from '../src/features/transfer/import-slugs';
import { createDatabase, type Database, WORKING } from '../src/platform/database';
import { openBenchServer } from './catalog/databases';

const HELP = `Measures the search: how often a title that is typed with one typo finds its series, and how long that takes.

  npm run bench:search -- [--titles 2000] [--seed 1] [--misses]

All series of bangumi-data, on an embedded Postgres or on the server of DATABASE_URL. The titles are drawn from all of theirs, in
every language and as they are read in romaji, and a typo is one character that is another one, missing, too many, or swapped with the next.

  --misses   lists the titles that did not find their series
`;

runCommand(HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: {
      titles: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      misses: { type: 'boolean', default: false },
    },
  });
  const server = await openBenchServer(process.env.DATABASE_URL);
  try {
    const db = createDatabase(await server.create(0), { maxConnections: 2, limits: WORKING });
    try {
      await fill(db);
      await measure(db, { count: Number(values.titles), seed: Number(values.seed), misses: values.misses });
    } finally {
      await db.destroy();
    }
  } finally {
    await server.close();
  }
});

/** More than there are. */
const MAX_TITLES = 100_000;

async function fill(db: Database): Promise<void> {
  const { series } = readBangumiSeries(await loadBangumiData());
  const slugs = assignSlugs(
    series.map((one) => ({ ...one, slug: undefined })),
    [],
  );
  const all = series.map((one, index) => ({ series: one, source: one.source, slug: slugs[index] ?? '' }));
  await db.transaction((trx) => insertSeries(trx, all));
  const startMs = performance.now();
  await foldChangedTitles(db);
  const foldedMs = performance.now() - startMs;
  const unread = await findUnreadTitles(db, MAX_TITLES);
  await keepReadings(db, await readTitles(unread));
  const seconds = (foldedMs / 1_000).toFixed(1);
  const readSeconds = ((performance.now() - startMs - foldedMs) / 1_000).toFixed(1);
  await db.raw('vacuum analyze');
  const { rows } = await db.raw<{ rows: { titles: string; bytes: string }[] }>(
    `select (select count(*) from series_titles) as titles, pg_total_relation_size('series_titles') as bytes`,
  );
  const [size] = rows;
  tell(
    `${all.length} series, their titles folded in ${seconds} s, ${unread.length} of them read in ${readSeconds} s: ` +
      `${size?.titles} titles, ${Math.round(Number(size?.bytes) / 1e6)} MB.`,
  );
}

type Known = { readonly series_id: string; readonly title: string; readonly place: number };

async function measure(
  db: Database,
  { count, seed, misses }: { readonly count: number; readonly seed: number; readonly misses: boolean },
): Promise<void> {
  const random = randomOf(seed);
  const known: Known[] = await db('series_titles')
    .select('series_id', 'title', 'place')
    .orderBy(['series_id', 'title']);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const letters = [...known.map(({ title }) => title).join('')];
  const cases = Array.from({ length: count }, () => {
    const one = pick(known);
    return { ...one, typed: withTypo(one.title, random, () => pick(letters)) };
  });
  for (const withMistake of [false, true]) {
    const times: number[] = [];
    const ranks: number[] = [];
    const lost: string[] = [];
    for (const { title, typed, series_id: id } of cases) {
      const startMs = performance.now();
      const found = await searchSeries(db, withMistake ? typed : title, { limit: 24 });
      times.push(performance.now() - startMs);
      const rank = found.findIndex(({ seriesId }) => seriesId === id);
      ranks.push(rank);
      if (rank < 0 || rank > 2)
        lost.push(
          `${title} ← ${withMistake ? typed : title}: ${rank}, first ${found[0]?.title} (${found.length})`,
        );
    }
    const within = (best: number) =>
      `${((100 * ranks.filter((rank) => rank >= 0 && rank < best).length) / count).toFixed(2)} %`;
    times.sort((a, b) => a - b);
    const at = (part: number) => `${(times[Math.floor((times.length - 1) * part)] ?? 0).toFixed(1)} ms`;
    tell(
      `${withMistake ? 'With one typo' : 'As they are'}: first ${within(1)}, among the first three ${within(3)}, found ${within(99)}; ` +
        `median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}.`,
    );
    if (misses) tell(lost.map((line) => `  ${line}`).join('\n'));
  }
}

const SCRIPTS = [
  /\p{Script=Han}/u,
  /[\p{Script=Hiragana}\p{Script=Katakana}ー]/u,
  /\p{Script=Hangul}/u,
  /[\p{L}\p{N}]/u,
];
const scriptOf = (character: string): number => SCRIPTS.findIndex((script) => script.test(character));

/** One typo in a letter or digit. A character that comes in is of the script of the one that it stands for. */
function withTypo(title: string, random: () => number, anyLetter: () => string): string {
  const characters = [...title];
  const places = [...characters.keys()].filter((index) => scriptOf(characters[index] ?? '') >= 0);
  const at = places[Math.floor(random() * places.length)] ?? 0;
  const old = characters[at] ?? '';
  let other = old;
  while (other === old || scriptOf(other) !== scriptOf(old)) other = anyLetter();
  const kind = Math.floor(random() * 4);
  if (kind === 0) characters[at] = other;
  else if (kind === 1) characters.splice(at, 1);
  else if (kind === 2) characters.splice(at, 0, other);
  else if (characters[at + 1] !== undefined) characters.splice(at, 2, characters[at + 1] ?? '', old);
  else characters[at] = other;
  return characters.join('');
}

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function tell(message: string): void {
  process.stdout.write(`${message}\n`);
}
