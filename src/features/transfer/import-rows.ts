import type { Database, Transaction } from '../../platform/database';
import type { VideoServerInput } from '../episodes/fields';
import type { SeriesKind } from '../series/fields';
import type { BangumiSeries } from './bangumi-data';
import { type ImportedColumns, type ImportRecord, parseImportRecord, recordOf } from './import-fields';
import { titleAndBegin, titleKey } from './import-keys';
import type { Known, KnownEpisode, SeriesPlan, TimedEpisode } from './import-plan';

/** The clip that comes with the site: real videos are not free to give away. */
const CLIP = { audioLanguage: 'ja', subtitleLanguage: null, sandboxed: true, enabled: true };
const VIDEO_SERVERS: readonly VideoServerInput[] = [
  { ...CLIP, name: 'Main', kind: 'file', url: '/media/clip.mp4' },
  { ...CLIP, name: 'Mirror', kind: 'hls', url: '/media/clip/index.m3u8' },
];

/** A series that is not there yet. */
export type NewSeries = { readonly series: BangumiSeries; readonly source: string; readonly slug: string };

export type NewEpisode = {
  readonly series_id: string;
  readonly number: number;
  readonly published_at: Date;
  readonly first_public_at: Date | null;
};

/** What a series of the catalog is recognised by. */
export type CatalogEntry = {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  readonly source: string | null;
  readonly keys: readonly string[];
  readonly kind: SeriesKind;
  readonly beginsAt: Date | null;
};

/** Every series, the oldest first; those that were not imported have no keys. */
export async function readCatalogEntries(db: Database): Promise<readonly CatalogEntry[]> {
  const rows: EntryRow[] = await db('series')
    .select('id', 'slug', 'title', 'title_native', 'source', 'imported', 'kind', 'begins_at')
    .orderBy('id');
  return rows.map(({ id, slug, title, source, kind, begins_at: beginsAt, ...row }) => ({
    id,
    slug,
    title,
    source,
    kind,
    beginsAt,
    keys: parseImportRecord(row.imported)?.keys ?? keysWithoutRecord({ title, source, beginsAt, ...row }),
  }));
}

/** What is known of a series that was imported before there were records: the data set's title is the native one. */
function keysWithoutRecord(row: {
  readonly title: string;
  readonly title_native: string | null;
  readonly source: string | null;
  readonly beginsAt: Date | null;
}): readonly string[] {
  if (row.source === null) return [];
  const title = row.title_native ?? row.title;
  return [...new Set([row.source, titleAndBegin(title, row.beginsAt), titleKey(title)])];
}

type EntryRow = {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  readonly title_native: string | null;
  readonly source: string | null;
  readonly imported: unknown;
  readonly kind: SeriesKind;
  readonly begins_at: Date | null;
};

const COLUMNS = [
  'title',
  'title_language',
  'title_native',
  'native_language',
  'synonyms',
  'kind',
  'season_year',
  'season',
  'begins_at',
  'ends_at',
  'broadcast',
  'links',
  'note',
] as const satisfies readonly (keyof ImportedColumns)[];

/** The series of these ids and these sources, by their ids, with their episodes. */
export async function readKnown(
  db: Database | Transaction,
  { ids, sources }: { readonly ids: readonly string[]; readonly sources: readonly string[] },
): Promise<ReadonlyMap<string, Known>> {
  const rows: SeriesRow[] = await db('series')
    .select('id', 'slug', 'source', 'version', 'imported', ...COLUMNS)
    .whereRaw('id = any(?) or source = any(?)', [[...ids], [...sources]])
    .orderBy('id');
  const episodes = await readEpisodes(
    db,
    rows.map(({ id }) => id),
  );
  return new Map(
    rows.map(({ imported, ...row }) => [
      row.id,
      { ...row, record: parseImportRecord(imported), episodes: episodes.get(row.id) ?? [] },
    ]),
  );
}

type SeriesRow = Omit<Known, 'record' | 'episodes'> & { readonly imported: unknown };

/** What an episode looked like that was imported before there were marks, and that nobody has touched. */
const LOOKS_IMPORTED = `e.imported_as is null and e.version = 1 and e.kind = 'regular' and e.title = ''
  and e.deleted_at is null and e.number >= 1 and e.number = trunc(e.number)
  and (select array_agg(v.url order by v.position) from video_servers v where v.episode_id = e.id) = ?`;

async function readEpisodes(
  db: Database | Transaction,
  seriesIds: readonly string[],
): Promise<ReadonlyMap<string, readonly KnownEpisode[]>> {
  const { rows } = await db.raw<{ rows: EpisodeRow[] }>(
    `select e.series_id, e.id, e.kind, trim_scale(e.number)::text as number, e.published_at, e.version,
            e.deleted_at is not null as is_deleted, e.imported_as, e.imported_version,
            ${LOOKS_IMPORTED} as looks_imported
     from episodes e
     where e.series_id = any(?)
     order by e.series_id, e.id`,
    [VIDEO_SERVERS.map(({ url }) => url), [...seriesIds]],
  );
  const episodes = new Map<string, KnownEpisode[]>();
  for (const row of rows) {
    const episode = toKnownEpisode(row);
    const those = episodes.get(row.series_id);
    if (those) those.push(episode);
    else episodes.set(row.series_id, [episode]);
  }
  return episodes;
}

type EpisodeRow = {
  readonly series_id: string;
  readonly id: string;
  readonly kind: string;
  readonly number: string;
  readonly published_at: Date | null;
  readonly version: number;
  readonly is_deleted: boolean;
  readonly imported_as: number | null;
  readonly imported_version: number | null;
  readonly looks_imported: boolean | null;
};

function toKnownEpisode(row: EpisodeRow): KnownEpisode {
  const isUnmarked = row.looks_imported === true;
  return {
    id: row.id,
    kind: row.kind,
    number: row.number,
    publishedAt: row.published_at,
    isDeleted: row.is_deleted,
    importedAs: isUnmarked ? Number(row.number) : row.imported_as,
    isUntouched: isUnmarked || row.imported_version === row.version,
    isUnmarked,
  };
}

/** The ids of the series that were added: not of one whose source or slug somebody took meanwhile. */
export async function insertSeries(trx: Transaction, all: readonly NewSeries[]): Promise<string[]> {
  if (all.length === 0) return [];
  const items = all.map(({ series, ...given }) => ({ ...series, ...given, imported: recordOf(series) }));
  const { rows } = await trx.raw<{ rows: { readonly id: string }[] }>(
    `insert into series (slug, title, title_language, title_native, native_language, synonyms, kind, season_year,
                         season, begins_at, ends_at, broadcast, links, note, source, imported)
     select slug, title, "titleLanguage", "titleNative", "nativeLanguage", synonyms, kind, "seasonYear",
            season, "beginsAt", "endsAt", broadcast, links, note, source, imported
     from jsonb_to_recordset(?::jsonb) as item(
       slug text, title text, "titleLanguage" text, "titleNative" text, "nativeLanguage" text, synonyms text[],
       kind text, "seasonYear" smallint, season text, "beginsAt" timestamptz, "endsAt" timestamptz,
       broadcast text, links jsonb, note text, source text, imported jsonb)
     on conflict do nothing
     returning id`,
    [JSON.stringify(items)],
  );
  return rows.map(({ id }) => id);
}

/** The ids of the episodes that were added, each with its video servers. */
export async function insertEpisodes(trx: Transaction, episodes: readonly NewEpisode[]): Promise<string[]> {
  if (episodes.length === 0) return [];
  const { rows } = await trx.raw<{ rows: { readonly id: string }[] }>(
    `insert into episodes (series_id, number, status, published_at, first_public_at, imported_as, imported_version)
     select series_id, number, 'published', published_at, first_public_at, number, 1
     from jsonb_to_recordset(?::jsonb) as item(
       series_id bigint, number numeric, published_at timestamptz, first_public_at timestamptz)
     on conflict do nothing
     returning id`,
    [JSON.stringify(episodes)],
  );
  const ids = rows.map(({ id }) => id);
  const servers = VIDEO_SERVERS.map((server, position) => ({ ...server, position }));
  await trx.raw(
    `insert into video_servers (episode_id, name, kind, url, audio_language, subtitle_language, enabled, position)
     select episode_id, name, kind, url, "audioLanguage", "subtitleLanguage", enabled, position
     from unnest(?::bigint[]) as episode_id
     cross join jsonb_to_recordset(?::jsonb) as server(
       name text, kind text, url text, "audioLanguage" text, "subtitleLanguage" text, enabled boolean,
       position integer)`,
    [ids, JSON.stringify(servers)],
  );
  return ids;
}

/**
 * Writes what the data has otherwise and nobody has edited; whoever edits a series right now is told so. In one
 * statement: the trigger that lists episodes looks for those of all its series at once.
 */
export async function updateSeries(trx: Transaction, plans: readonly SeriesPlan[]): Promise<void> {
  if (plans.length === 0) return;
  const items = plans.map(({ known: { episodes: _episodes, record: _record, ...known }, columns }) => ({
    ...known,
    ...columns,
  }));
  await trx.raw(
    `update series set (${COLUMNS.join(', ')}) = (select ${COLUMNS.map((column) => `item.${column}`).join(', ')}),
                       version = series.version + 1, updated_at = now()
     from jsonb_to_recordset(?::jsonb) as item(
       id bigint, title text, title_language text, title_native text, native_language text, synonyms text[], kind text,
       season_year smallint, season text, begins_at timestamptz, ends_at timestamptz, broadcast text, links jsonb,
       note text)
     where series.id = item.id`,
    [JSON.stringify(items)],
  );
}

export async function writeRecords(
  trx: Transaction,
  records: readonly { readonly id: string; readonly record: ImportRecord }[],
): Promise<void> {
  if (records.length === 0) return;
  await trx.raw(
    `update series set imported = item.record
     from jsonb_to_recordset(?::jsonb) as item(id bigint, record jsonb)
     where series.id = item.id`,
    [JSON.stringify(records)],
  );
}

/** Marks episodes of before there were marks. */
export async function markEpisodes(trx: Transaction, marks: SeriesPlan['mark']): Promise<void> {
  if (marks.length === 0) return;
  await trx.raw(
    `update episodes set imported_as = item."importedAs", imported_version = version
     from jsonb_to_recordset(?::jsonb) as item(id bigint, "importedAs" integer)
     where episodes.id = item.id`,
    [JSON.stringify(marks)],
  );
}

/** Gives the episodes these times, and brings them back if they were deleted. They stay untouched. */
export async function timeEpisodes(trx: Transaction, episodes: readonly TimedEpisode[]): Promise<void> {
  if (episodes.length === 0) return;
  await trx.raw(
    `update episodes
     set published_at = item.time, deleted_at = null, version = version + 1, imported_version = version + 1,
         updated_at = now()
     from jsonb_to_recordset(?::jsonb) as item(id bigint, time timestamptz)
     where episodes.id = item.id`,
    [JSON.stringify(episodes)],
  );
}

/** Deletes the episodes as an admin would: they can be restored, and are untouched until somebody does. */
export async function takeBackEpisodes(trx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await trx('episodes')
    .whereIn('id', [...ids])
    .update({
      deleted_at: trx.fn.now(3),
      version: trx.raw('version + 1'),
      imported_version: trx.raw('version + 1'),
      updated_at: trx.fn.now(3),
    });
}
