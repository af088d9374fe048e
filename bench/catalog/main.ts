import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../src/commands/support/run-command';
import { projectRoot } from '../../src/platform/project';
import { CASES } from './cases';
import { seriesCount } from './catalog-rows';
import { openCatalogs } from './catalogs';
import { openBenchServer } from './databases';
import { MIN_EPISODES } from './fixed-series';
import { measure } from './measure';
import { markdownReport, type Result, terminalTable, toJson } from './report';

const SIZES = [300, 3_000, 15_000, 50_000];
const FULL = { rounds: 7, repetitions: 15 };
const QUICK = { rounds: 3, repetitions: 5 };

const HELP = `Measures what the site reads from the database, on catalogs of growing size.

  npm run bench:catalog -- [--quick] [--episodes 300,50000]

  --episodes LIST  public episodes of each catalog, ${MIN_EPISODES} or more; by default ${SIZES.join(',')}
  --quick          fewer repetitions, and only the smallest and the largest catalog

The catalogs are generated: the same numbers give the same rows. Each gets a database of its own, on an embedded
Postgres or on the server of DATABASE_URL, and is dropped in the end. A run without options writes
bench/results/catalog.json and docs/performance-catalog.md.
`;

runCommand(HELP, async (args) => {
  const options = readOptions(args);
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => interruption.abort(new Error('interrupted; what was made is dropped.')));
  }
  const { signal } = interruption;
  const server = await openBenchServer(process.env.DATABASE_URL);
  try {
    const catalogs = await openCatalogs(server, options.sizes, { signal, tell });
    try {
      const cases = await measure(catalogs, CASES, {
        ...options.effort,
        onRound: (round) => {
          signal.throwIfAborted();
          tell(round === 0 ? 'Warming up …' : `Round ${round} of ${options.effort.rounds} …`);
        },
      });
      const result: Result = {
        postgres: server.version,
        node: process.versions.node,
        ...options.effort,
        catalogs: options.sizes.map((episodes) => ({ episodes, series: seriesCount(episodes) })),
        cases,
      };
      process.stdout.write(`${terminalTable(result)}\n`);
      if (options.save) await save(result);
    } finally {
      for (const catalog of catalogs) await catalog.close();
    }
  } finally {
    await server.close();
  }
});

function readOptions(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { quick: flag, episodes: { type: 'string' } } });
  const sizes = values.episodes?.split(',').map(Number) ?? (values.quick ? [300, 50_000] : SIZES);
  if (sizes.some((size) => !Number.isInteger(size) || size < MIN_EPISODES)) {
    throw new UsageError(`--episodes is a list of whole numbers from ${MIN_EPISODES}, such as 300,50000.`);
  }
  const isFull = !values.quick && values.episodes === undefined;
  return { sizes, save: isFull, effort: values.quick ? QUICK : FULL };
}

function tell(message: string): void {
  process.stderr.write(`${message}\n`);
}

async function save(result: Result): Promise<void> {
  const results = join(projectRoot(), 'bench', 'results');
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'catalog.json'), `${JSON.stringify(toJson(result), undefined, 2)}\n`);
  await writeFile(join(projectRoot(), 'docs', 'performance-catalog.md'), markdownReport(result));
  tell('Wrote bench/results/catalog.json and docs/performance-catalog.md.');
}
