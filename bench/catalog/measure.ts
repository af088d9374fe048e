import type { Pool } from 'pg';
import type { Database } from '../../src/platform/database';
import type { Case } from './cases';
import { type PlanSummary, summarisePlan } from './plan';
import type { Probes } from './probes';

/** A filled catalog, ready to be measured. */
export type Catalog = {
  readonly episodes: number;
  readonly db: Database;
  /** For EXPLAIN, which Knex can't wrap around its own queries. */
  readonly pool: Pool;
  readonly probes: Probes;
};

/** Milliseconds of the whole call, round trips included: the medians of the rounds. */
type Times = { readonly median: number; readonly min: number; readonly max: number };

type Measurement = { readonly episodes: number; readonly ms: Times; readonly plan: PlanSummary };

export type MeasuredCase = { readonly name: string; readonly measurements: readonly Measurement[] };

export type Rounds = {
  readonly rounds: number;
  /** Calls of a case in one round on one catalog; their median counts. */
  readonly repetitions: number;
};

/**
 * Measures every case on every catalog. In a round each case visits all catalogs, the next round in the opposite
 * order, so that what slows the machine down for a while does so to all of them.
 */
export async function measure(
  catalogs: readonly Catalog[],
  cases: readonly Case[],
  { rounds, repetitions, onRound }: Rounds & { readonly onRound: (round: number) => void },
): Promise<MeasuredCase[]> {
  const medians = new Map<string, number[]>();
  // The first round only fills caches.
  for (let round = 0; round <= rounds; round++) {
    onRound(round);
    for (const each of cases) {
      for (const catalog of round % 2 === 0 ? catalogs : catalogs.toReversed()) {
        const key = `${each.name} ${catalog.episodes}`;
        const medianMs = await timeCase(catalog, each, repetitions);
        if (round > 0) medians.set(key, [...(medians.get(key) ?? []), medianMs]);
      }
    }
  }
  const measured: MeasuredCase[] = [];
  for (const each of cases) {
    const measurements: Measurement[] = [];
    for (const catalog of catalogs) {
      const ms = toTimes(medians.get(`${each.name} ${catalog.episodes}`) ?? []);
      measurements.push({ episodes: catalog.episodes, ms, plan: await explainCase(catalog, each) });
    }
    measured.push({ name: each.name, measurements });
  }
  return measured;
}

async function timeCase({ db, probes }: Catalog, { read }: Case, repetitions: number): Promise<number> {
  const samples: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = performance.now();
    await read(db, probes);
    samples.push(performance.now() - start);
  }
  return toTimes(samples).median;
}

function toTimes(samples: readonly number[]): Times {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), min: at(0), max: at(sorted.length - 1) };
}

type Query = { readonly sql: string; readonly bindings?: readonly unknown[] };

/** What all queries of the case do together. */
export async function explainCase(
  { db, pool, probes }: Omit<Catalog, 'episodes'>,
  { read }: Case,
): Promise<PlanSummary> {
  const queries: Query[] = [];
  const listen = (query: Query): void => {
    if (/^\s*(select|with)\b/i.test(query.sql))
      queries.push({ sql: query.sql, bindings: query.bindings ?? [] });
  };
  db.on('query', listen);
  try {
    await read(db, probes);
  } finally {
    db.removeListener('query', listen);
  }
  const plans: PlanSummary[] = [];
  for (const query of queries) plans.push(await explain(pool, query));
  return {
    buffers: sum(plans.map(({ buffers }) => buffers)),
    rowsRead: sum(plans.map(({ rowsRead }) => rowsRead)),
    scans: sum(plans.map(({ scans }) => scans)),
    executionMs: sum(plans.map(({ executionMs }) => executionMs)),
    lines: plans.flatMap(({ lines }) => lines),
  };
}

async function explain(pool: Pool, { sql, bindings }: Query): Promise<PlanSummary> {
  const { rows } = await pool.query<{ 'QUERY PLAN': unknown }>(
    `explain (analyze, buffers, format json) ${sql}`,
    [...(bindings ?? [])],
  );
  return summarisePlan(rows[0]?.['QUERY PLAN']);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
