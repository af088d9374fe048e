import { isDeepStrictEqual } from 'node:util';
import { type Database, isUniqueViolation, type Transaction } from '../platform/database';
import { type Actor, type Catalog, type Write, writeCatalog } from './catalog-write';
import {
  type Season,
  type Series,
  type SeriesInput,
  type SeriesKind,
  type SeriesLink,
  slugFromTitle,
  slugWithSuffix,
} from './series';

/** Outcomes of a write that its caller has to tell apart. */
export type SeriesWriteResult =
  | { readonly outcome: 'saved'; readonly series: Series }
  | { readonly outcome: 'not-found' }
  | { readonly outcome: 'slug-taken' }
  /** It was changed since the version that the caller saw. */
  | { readonly outcome: 'conflict'; readonly current: Series };

/** Creates a series. Without a slug it gets the first free one made from its title. */
export async function createSeries(
  catalog: Catalog,
  actor: Actor,
  input: SeriesInput,
): Promise<SeriesWriteResult> {
  return refusingTakenSlug(() =>
    writeCatalog(catalog, actor, { seriesIds: [], episodeIds: [] }, async (write) => {
      const slug = input.slug ?? (await freeSlug(write.trx, slugFromTitle(input.title)));
      const [row]: { id: string }[] = await write
        .trx('series')
        .insert(editable({ ...input, slug }))
        .returning('id');
      if (!row) throw new Error('The insert of a series returned no row.');
      return saved(write, row.id, 'series.create');
    }),
  );
}

/**
 * Replaces everything that can be edited of the series, if it still is of that version. What is the same already is not
 * written: it gets no version, no row of the audit log and no event.
 */
export async function updateSeries(
  catalog: Catalog,
  actor: Actor,
  seriesId: string,
  input: SeriesInput,
  version: number,
): Promise<SeriesWriteResult> {
  return refusingTakenSlug(() =>
    writeCatalog(catalog, actor, { seriesIds: [seriesId], episodeIds: 'all-of-series' }, async (write) => {
      const current = await findSeries(write.trx, seriesId);
      if (!current) return { outcome: 'not-found' };
      if (current.version !== version) return { outcome: 'conflict', current };
      const wanted = { ...input, slug: input.slug ?? current.slug };
      if (isDeepStrictEqual(editable(current), editable(wanted)))
        return { outcome: 'saved', series: current };
      await write
        .trx('series')
        .where({ id: seriesId })
        .update({
          ...editable(wanted),
          version: current.version + 1,
          updated_at: write.trx.fn.now(3),
        });
      return saved(write, seriesId, 'series.update');
    }),
  );
}

/** The series, visible or not. */
export async function findSeries(db: Database | Transaction, seriesId: string): Promise<Series | undefined> {
  const row: SeriesRow | undefined = await db('series').select(COLUMNS).where({ id: seriesId }).first();
  return row && toSeries(row);
}

/** Which series a list shows. */
export type SeriesFilter = {
  /** Part of a title, in any case and language. */
  readonly search?: string | undefined;
  /** Continues after the series with this id. */
  readonly after?: string | undefined;
  readonly limit: number;
};

/** Series, visible or not, newest first by id. */
export async function listSeries(db: Database, filter: SeriesFilter): Promise<Series[]> {
  const rows: SeriesRow[] = await db('series')
    .select(COLUMNS)
    .modify((query) => {
      if (filter.after) query.where('id', '<', filter.after);
      if (filter.search) {
        query.whereRaw('search_text like lower(?)', [`%${filter.search.replace(/[\\%_]/g, '\\$&')}%`]);
      }
    })
    .orderBy('id', 'desc')
    .limit(filter.limit);
  return rows.map(toSeries);
}

/** False for an empty catalog. */
export async function hasSeries(db: Database): Promise<boolean> {
  return (await db('series').select('id').first()) !== undefined;
}

async function saved({ trx, audit }: Write, seriesId: string, action: string): Promise<SeriesWriteResult> {
  const series = await findSeries(trx, seriesId);
  if (!series) throw new Error(`Series ${seriesId} is gone from the transaction that wrote it.`);
  await audit({ action, subjectKind: 'series', subjectId: seriesId, details: { title: series.title } });
  return { outcome: 'saved', series };
}

async function refusingTakenSlug(write: () => Promise<SeriesWriteResult>): Promise<SeriesWriteResult> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, 'series_slug_key')) return { outcome: 'slug-taken' };
    throw error;
  }
}

const FIRST_CANDIDATES = 10;

/** The first of `slug`, `slug-2`, `slug-3`, … that no series has. Ends, since all of them differ. */
async function freeSlug(trx: Transaction, slug: string): Promise<string> {
  // Whoever makes a slug of the same title waits here, and then sees the one that was made.
  await trx.raw('select pg_advisory_xact_lock(hashtext(?))', [`nipnime:slug:${slug}`]);
  for (let first = 1, length = FIRST_CANDIDATES; ; first += length, length *= 10) {
    const candidates = Array.from({ length }, (_, index) => numberedSlug(slug, first + index));
    const rows: { slug: string }[] = await trx('series')
      .select('slug')
      .whereRaw('slug = any(?)', [candidates]);
    const taken = new Set(rows.map((row) => row.slug));
    const free = candidates.find((candidate) => !taken.has(candidate));
    if (free !== undefined) return free;
  }
}

function numberedSlug(slug: string, count: number): string {
  return count === 1 ? slug : slugWithSuffix(slug, `-${count}`);
}

/** The columns that an admin fills. */
function editable(input: SeriesInput & { readonly slug: string }) {
  return {
    slug: input.slug,
    title: input.title,
    title_language: input.titleLanguage,
    title_native: input.titleNative,
    native_language: input.nativeLanguage,
    synonyms: [...input.synonyms],
    synopsis: input.synopsis,
    kind: input.kind,
    season_year: input.seasonYear,
    season: input.season,
    visible: input.visible,
  };
}

type SeriesRow = {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  readonly title_language: string;
  readonly title_native: string | null;
  readonly native_language: string | null;
  readonly synonyms: string[];
  readonly synopsis: string;
  readonly kind: SeriesKind;
  readonly season_year: number | null;
  readonly season: Season | null;
  readonly links: readonly SeriesLink[];
  readonly visible: boolean;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
};

const COLUMNS = [
  'id',
  'slug',
  'title',
  'title_language',
  'title_native',
  'native_language',
  'synonyms',
  'synopsis',
  'kind',
  'season_year',
  'season',
  'links',
  'visible',
  'version',
  'created_at',
  'updated_at',
] as const;

function toSeries(row: SeriesRow): Series {
  return {
    id: row.id,
    slug: row.slug,
    title: row.title,
    titleLanguage: row.title_language,
    titleNative: row.title_native,
    nativeLanguage: row.native_language,
    synonyms: row.synonyms,
    synopsis: row.synopsis,
    kind: row.kind,
    seasonYear: row.season_year,
    season: row.season,
    links: row.links,
    visible: row.visible,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
