import { isDeepStrictEqual } from 'node:util';
import { changesBetween } from '../../journal/changes';
import { type Database, isUniqueViolation, type Transaction } from '../../platform/database';
import { columnNames, fromColumns, pick, type RowOf, toColumns } from '../../web/fields';
import { type ResourceKey, resourceKeyText } from '../../web/resource-key';
import { type Actor, type Write, type WriteContext, writeCatalog } from '../episodes/write';
import { foldTitles, readReadings } from '../titles/public';
import { SERIES_FIELDS, type Series, type SeriesInput } from './fields';
import { slugFromTitle, slugWithSuffix } from './slug';

/** Outcomes of a write that its caller has to tell apart. */
export type SeriesWriteResult =
  | { readonly outcome: 'saved'; readonly series: Series }
  | { readonly outcome: 'not-found' }
  | { readonly outcome: 'slug-taken' }
  | { readonly outcome: 'external-id-taken' }
  /** It was changed since the version that the caller saw. */
  | { readonly outcome: 'conflict'; readonly current: Series };

/** Creates a series. Without a slug it gets the first free one made from its title. */
export async function createSeries(
  catalog: WriteContext,
  actor: Actor,
  input: SeriesInput,
): Promise<SeriesWriteResult> {
  return refusingTaken(() =>
    writeCatalog(catalog, actor, { seriesIds: [], episodeIds: [] }, async (write) => {
      const reading = (await readReadings(write.trx, [input.title])).get(input.title);
      const slug = input.slug ?? (await freeSlug(write.trx, slugFromTitle(input.title, reading)));
      const [row]: SeriesRow[] = await write
        .trx('series')
        .insert(toColumns(SERIES_FIELDS, { ...input, slug }))
        .returning(COLUMNS);
      return saved(write, 'series.create', undefined, row);
    }),
  );
}

/** The caller itself has something against what it would become. */
type Refused<Problem> = { readonly outcome: 'refused'; readonly problem: Problem; readonly current: Series };

/** What a series is to become, seen what is there, or why it must not. */
type Change<Problem> = (current: Series) => SeriesInput | { readonly problem: Problem };

/**
 * Replaces everything that can be edited of the series. What is the same already is not written: it gets no version, no row of the
 * journal and no event. With `version`, only if it is still that version; else whatever was there before.
 * @param change is called in the transaction; what it has against the write is the result
 */
export async function updateSeries<Problem = never>(
  catalog: WriteContext,
  actor: Actor,
  seriesId: string,
  change: SeriesInput | Change<Problem>,
  version?: number,
): Promise<SeriesWriteResult | Refused<Problem>> {
  return refusingTaken(() =>
    writeCatalog(catalog, actor, { seriesIds: [seriesId], episodeIds: 'all-of-series' }, async (write) => {
      const current = await findSeries(write.trx, seriesId);
      if (!current) return { outcome: 'not-found' };
      if (version !== undefined && current.version !== version) return { outcome: 'conflict', current };
      const input = typeof change === 'function' ? change(current) : change;
      if ('problem' in input) return { outcome: 'refused', problem: input.problem, current };
      const wanted = { ...input, slug: input.slug ?? current.slug };
      if (isAlready(current, wanted)) return { outcome: 'saved', series: current };
      const [row]: SeriesRow[] = await write
        .trx('series')
        .where({ id: seriesId })
        .update({
          ...toColumns(SERIES_FIELDS, wanted),
          version: current.version + 1,
          updated_at: write.trx.fn.now(3),
        })
        .returning(COLUMNS);
      return saved(write, 'series.update', current, row);
    }),
  );
}

/** Whether nothing would be written. */
export function isAlready(current: Series, input: SeriesInput): boolean {
  const wanted = { ...input, slug: input.slug ?? current.slug };
  return isDeepStrictEqual(pick(SERIES_FIELDS, current), pick(SERIES_FIELDS, wanted));
}

/** The series that is named, visible or not. */
export async function findSeriesBy(db: Database, { by, value }: ResourceKey): Promise<Series | undefined> {
  const row: SeriesRow | undefined = await db('series')
    .select(COLUMNS)
    .where({ [KEY_COLUMNS[by]]: value })
    .first();
  return row && toSeries(row);
}

/** The ids of those series that there are, by the text of what names them. */
export async function findSeriesIds(
  db: Database,
  keys: readonly ResourceKey[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const by of ['id', 'slug', 'external'] as const) {
    const values = keys.filter((key) => key.by === by).map(({ value }) => value);
    if (values.length === 0) continue;
    const rows: { readonly id: string; readonly value: string }[] = await db('series')
      .select('id', { value: db.raw('??::text', [KEY_COLUMNS[by]]) })
      .whereIn(KEY_COLUMNS[by], [...new Set(values)]);
    for (const { id, value } of rows) ids.set(resourceKeyText({ by, value }), id);
  }
  return ids;
}

const KEY_COLUMNS = { id: 'id', slug: 'slug', external: 'external_id' } as const;

/** The series, visible or not. */
export async function findSeries(db: Database | Transaction, seriesId: string): Promise<Series | undefined> {
  const row: SeriesRow | undefined = await db('series').select(COLUMNS).where({ id: seriesId }).first();
  return row && toSeries(row);
}

/** Which series a list shows. */
export type SeriesFilter = {
  /** Part of a title, in any case and language. */
  readonly search?: string | undefined;
  readonly limit: number;
};

/** Series, visible or not, newest first by id. @param filter.after continues after the series with this id */
export async function listSeries(
  db: Database,
  filter: SeriesFilter & { readonly after?: string | undefined },
): Promise<Series[]> {
  const rows: SeriesRow[] = await listedSeries(db, filter)
    .modify((query) => {
      if (filter.after) query.where('id', '<', filter.after);
    })
    .orderBy('id', 'desc');
  return rows.map(toSeries);
}

/** Series that were changed at a time or later, in that order. @param filter.place continues after the series that has it */
export async function listChangedSeries(
  db: Database,
  filter: SeriesFilter & {
    readonly since: Date;
    readonly place?: { readonly at: Date; readonly id: string } | undefined;
  },
): Promise<Series[]> {
  const { since, place } = filter;
  const rows: SeriesRow[] = await listedSeries(db, filter)
    .modify((query) => {
      if (place) query.whereRaw('(updated_at, id) > (?::timestamptz, ?::bigint)', [place.at, place.id]);
      else query.where('updated_at', '>=', since);
    })
    .orderBy(['updated_at', 'id']);
  return rows.map(toSeries);
}

function listedSeries(db: Database, { search, limit }: SeriesFilter) {
  return db('series')
    .select(COLUMNS)
    .modify((query) => {
      if (search) query.whereRaw('search_text like lower(?)', [`%${search.replace(/[\\%_]/g, '\\$&')}%`]);
    })
    .limit(limit);
}

/** Which series has the slug now. */
export async function findIdOfSlug(db: Database, slug: string): Promise<string | undefined> {
  const row: { id: string } | undefined = await db('series').select('id').where({ slug }).first();
  return row?.id;
}

/** False for an empty catalog. */
export async function hasSeries(db: Database): Promise<boolean> {
  return (await db('series').select('id').first()) !== undefined;
}

async function saved(
  { trx, audit }: Write,
  action: string,
  before: Series | undefined,
  row: SeriesRow | undefined,
): Promise<SeriesWriteResult> {
  if (!row) throw new Error('A series is gone from the transaction that wrote it.');
  const series = toSeries(row);
  await foldTitles(trx, [series.id]);
  audit({
    action,
    subjectKind: 'series',
    subjectId: series.id,
    subjectLabel: series.title,
    changes: changesBetween(before && pick(SERIES_FIELDS, before), pick(SERIES_FIELDS, series)),
  });
  return { outcome: 'saved', series };
}

async function refusingTaken<Result>(
  write: () => Promise<Result>,
): Promise<Result | { readonly outcome: 'slug-taken' | 'external-id-taken' }> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, 'series_slug_key')) return { outcome: 'slug-taken' };
    if (isUniqueViolation(error, 'series_external_id_taken')) return { outcome: 'external-id-taken' };
    throw error;
  }
}

/** The slug, or the first one with a number behind it that no series has or had. */
export async function findFreeSlug(db: Database, slug: string): Promise<string> {
  return db.transaction((trx) => freeSlug(trx, slug));
}

const FIRST_CANDIDATES = 10;

/** The first of `slug`, `slug-2`, `slug-3`, … that no series has or had. Ends, since all of them differ. */
async function freeSlug(trx: Transaction, slug: string): Promise<string> {
  // Whoever makes a slug of the same title waits here, and then sees the one that was made.
  await trx.raw('select pg_advisory_xact_lock(hashtext(?))', [`nipnime:slug:${slug}`]);
  for (let first = 1, length = FIRST_CANDIDATES; ; first += length, length *= 10) {
    const candidates = Array.from({ length }, (_, index) => numberedSlug(slug, first + index));
    const rows: { slug: string }[] = await trx('series')
      .select('slug')
      .whereRaw('slug = any(?)', [candidates])
      .unionAll(trx('former_slugs').select('slug').whereRaw('slug = any(?)', [candidates]));
    const taken = new Set(rows.map((row) => row.slug));
    const free = candidates.find((candidate) => !taken.has(candidate));
    if (free !== undefined) return free;
  }
}

function numberedSlug(slug: string, count: number): string {
  return count === 1 ? slug : slugWithSuffix(slug, `-${count}`);
}

type SeriesRow = RowOf<typeof SERIES_FIELDS> & {
  readonly id: string;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
};

const COLUMNS = ['id', ...columnNames(SERIES_FIELDS), 'version', 'created_at', 'updated_at'];

function toSeries(row: SeriesRow): Series {
  return {
    ...fromColumns(SERIES_FIELDS, row),
    id: row.id,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
