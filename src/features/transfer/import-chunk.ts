import type { Transaction } from '../../platform/database';
import { type Actor, type Scope, type Write, type WriteContext, writeCatalog } from '../episodes/write';
import type { BangumiSeries, Skipped } from './bangumi-data';
import { hasWork, type Known, type PlanOptions, planSeries, type SeriesPlan } from './import-plan';
import {
  insertEpisodes,
  insertSeries,
  markEpisodes,
  type NewEpisode,
  readKnown,
  takeBackEpisodes,
  timeEpisodes,
  updateSeries,
  writeRecords,
} from './import-rows';

/** A series of the data with what is there of it. */
export type Wanted = {
  readonly series: BangumiSeries;
  /** Of the series that it is; undefined when there is none. */
  readonly id: string | undefined;
  readonly source: string;
  readonly slug: string;
  /** How many there are to do, for the size of a transaction. */
  readonly broadcasts: number;
};

/** What was done, in numbers. `known`: as the data has it, or as somebody has edited it. */
export type ImportCounts = {
  readonly series: { readonly added: number; readonly updated: number; readonly known: number };
  readonly episodes: {
    readonly added: number;
    /** Given another time. */
    readonly moved: number;
    readonly takenBack: number;
    /** Were taken back, and are there again. */
    readonly broughtBack: number;
    readonly known: number;
  };
};

type ChunkResult = ImportCounts & { readonly skipped: readonly Skipped[] };

/** A broadcast that is found later than this is back catalog: nobody is told that it is new. */
const NEWS_MS = 24 * 3_600_000;

/** Imports these series in one transaction, or in none when there is nothing to do. */
export async function importChunk(
  catalog: WriteContext,
  actor: Actor,
  chunk: readonly Wanted[],
  options: PlanOptions,
): Promise<ChunkResult> {
  const plans = planAll(chunk, await readKnown(catalog.db, keysOfChunk(chunk)), options);
  const work = plans.filter(hasWork);
  // Of a new one there is no plan yet.
  if (work.length === 0 && plans.length === chunk.length)
    return { ...countDone(plans, [], NOTHING_ADDED), skipped: [] };
  const scope = scopeOf(work);
  return writeCatalog(catalog, actor, scope, (write) => writeChunk(write, chunk, scope, options));
}

function keysOfChunk(chunk: readonly Wanted[]) {
  return {
    ids: chunk.flatMap(({ id }) => id ?? []),
    sources: chunk.flatMap(({ id, source }) => (id === undefined ? [source] : [])),
  };
}

function planAll(
  chunk: readonly Wanted[],
  known: ReadonlyMap<string, Known>,
  options: PlanOptions,
): readonly SeriesPlan[] {
  const bySource = new Map([...known.values()].map((series) => [series.source, series]));
  return chunk.flatMap(({ id, source, series }) => {
    const present = id === undefined ? bySource.get(source) : known.get(id);
    return present ? [planSeries(series, present, options)] : [];
  });
}

/** What a card shows of its series. */
const ON_CARDS = ['title', 'title_language', 'kind', 'season_year', 'season'] as const;

function scopeOf(plans: readonly SeriesPlan[]): Scope & { readonly episodeIds: readonly string[] } {
  return {
    seriesIds: plans.map(({ known }) => known.id),
    episodeIds: plans.flatMap(({ known, columns, move, takeBack, bringBack }) =>
      ON_CARDS.some((column) => column in columns)
        ? known.episodes.map(({ id }) => id)
        : [...takeBack, ...[...move, ...bringBack].map(({ id }) => id)],
    ),
  };
}

/** In the transaction, where everything is read and planned once more: now nobody else writes to these series. */
async function writeChunk(
  write: Write,
  chunk: readonly Wanted[],
  scope: ReturnType<typeof scopeOf>,
  options: PlanOptions,
): Promise<ChunkResult> {
  const { trx } = write;
  const addedIds = new Set(
    await insertSeries(
      trx,
      chunk.filter(({ id }) => id === undefined),
    ),
  );
  const known = await readKnown(trx, keysOfChunk(chunk));
  const plans = planAll(chunk, known, options);
  const mine = new Set([...scope.seriesIds, ...addedIds]);
  // What somebody else has changed since the scope was named is left to the next import.
  const work = plans
    .filter((plan) => mine.has(plan.known.id) && hasWork(plan))
    .map((plan) => within(plan, new Set(scope.episodeIds)));
  const addedEpisodes = await carryOut(
    trx,
    work,
    work.flatMap((plan) => toNewEpisodes(plan, addedIds.has(plan.known.id), options.now)),
  );
  for (const id of addedEpisodes) write.created(id);
  const counts = countDone(plans, work, { series: addedIds, episodes: addedEpisodes.length });
  auditChunk(write, counts, work);
  return { ...counts, skipped: refusedOf(chunk, known) };
}

/** The ids of the episodes that were added. */
async function carryOut(
  trx: Transaction,
  work: readonly SeriesPlan[],
  newEpisodes: readonly NewEpisode[],
): Promise<readonly string[]> {
  await updateSeries(trx, work.filter(hasUpdate));
  const records = work.flatMap(({ known: { id }, record }) => (record ? [{ id, record }] : []));
  await writeRecords(trx, records);
  const marks = work.flatMap(({ mark }) => mark);
  await markEpisodes(trx, marks);
  const timed = work.flatMap(({ move, bringBack }) => [...move, ...bringBack]);
  await timeEpisodes(trx, timed);
  const takenBack = work.flatMap(({ takeBack }) => takeBack);
  await takeBackEpisodes(trx, takenBack);
  return insertEpisodes(trx, newEpisodes);
}

function hasUpdate({ columns }: SeriesPlan): boolean {
  return Object.keys(columns).length > 0;
}

function within(plan: SeriesPlan, episodeIds: ReadonlySet<string>): SeriesPlan {
  return {
    ...plan,
    move: plan.move.filter(({ id }) => episodeIds.has(id)),
    bringBack: plan.bringBack.filter(({ id }) => episodeIds.has(id)),
    takeBack: plan.takeBack.filter((id) => episodeIds.has(id)),
  };
}

function toNewEpisodes({ known, add }: SeriesPlan, isNewSeries: boolean, now: Date): NewEpisode[] {
  return add.map(({ number, time }) => ({
    series_id: known.id,
    number,
    published_at: time,
    // Null makes it a new one: writeCatalog sets it and announces the card.
    first_public_at: !isNewSeries && now.getTime() - time.getTime() < NEWS_MS ? null : time,
  }));
}

type Added = { readonly series: ReadonlySet<string>; readonly episodes: number };
const NOTHING_ADDED: Added = { series: new Set(), episodes: 0 };

function countDone(plans: readonly SeriesPlan[], work: readonly SeriesPlan[], added: Added): ImportCounts {
  const count = (list: 'move' | 'takeBack' | 'bringBack') =>
    work.reduce((sum, plan) => sum + plan[list].length, 0);
  const broadcasts = plans.reduce((sum, plan) => sum + plan.broadcasts, 0);
  const broughtBack = count('bringBack');
  return {
    series: {
      added: added.series.size,
      updated: work.filter(hasUpdate).length,
      known: plans.length - added.series.size,
    },
    episodes: {
      added: added.episodes,
      moved: count('move'),
      takenBack: count('takeBack'),
      broughtBack,
      known: broadcasts - added.episodes - broughtBack,
    },
  };
}

/** One entry for the chunk, with the ids of what was there and is otherwise now. */
function auditChunk({ audit }: Write, { series, episodes }: ImportCounts, work: readonly SeriesPlan[]): void {
  const changed = {
    updated: work.filter(hasUpdate).map(({ known }) => known.id),
    moved: work.flatMap(({ move }) => move.map(({ id }) => id)),
    takenBack: work.flatMap(({ takeBack }) => takeBack),
    broughtBack: work.flatMap(({ bringBack }) => bringBack.map(({ id }) => id)),
  };
  const some = Object.entries(changed).filter(([, ids]) => ids.length > 0);
  if (series.added + episodes.added + some.length === 0) return;
  audit({
    action: 'catalog.import',
    subjectKind: 'catalog',
    subjectId: null,
    subjectLabel: 'bangumi-data',
    details: {
      from: 'bangumi-data',
      series: series.added,
      episodes: episodes.added,
      ...Object.fromEntries(some),
    },
  });
}

function refusedOf(chunk: readonly Wanted[], known: ReadonlyMap<string, Known>): readonly Skipped[] {
  const sources = new Set([...known.values()].map(({ source }) => source));
  return chunk
    .filter(({ id, source }) => id === undefined && !sources.has(source))
    .map(({ series: { title }, slug }) => ({
      title,
      reason: `Its address /series/${slug} was given to another series in this moment. Import again.`,
    }));
}
