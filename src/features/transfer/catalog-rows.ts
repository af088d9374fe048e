import type { Database, Transaction } from '../../platform/database';
import { columnNames, type Fields, fromColumns, type RowOf } from '../../web/fields';
import type { VideoServer } from '../episodes/fields';
import { isJson } from './catalog-csv';
import {
  EPISODE_FILE_FIELDS,
  EPISODE_ORIGIN,
  type EpisodeValues,
  type RawRecord,
  SERIES_FILE_FIELDS,
  SERIES_ORIGIN,
  type SeriesValues,
  VIDEO_SERVER_FIELDS,
} from './catalog-fields';

/** All that an export says of a series, and what it is in the database. */
export type SeriesRecord = SeriesValues & { readonly id: string; readonly slug: string };

export type EpisodeRecord = Omit<EpisodeValues, 'videoServers'> & {
  readonly id: string;
  readonly seriesId: string;
  readonly seriesSlug: string;
  readonly seriesTitle: string;
  readonly videoServers: readonly VideoServer[];
};

const SERIES = { ...SERIES_FILE_FIELDS, ...SERIES_ORIGIN } as const;
const EPISODE = { ...EPISODE_FILE_FIELDS, ...EPISODE_ORIGIN } as const;

type SeriesRow = RowOf<typeof SERIES> & { readonly id: string; readonly former_slugs: readonly string[] };

type EpisodeRow = RowOf<typeof EPISODE> & {
  readonly id: string;
  readonly series_id: string;
  readonly series_slug: string;
  readonly series_title: string;
  readonly imported_version: number | null;
  readonly version: number;
  readonly video_servers: readonly VideoServer[];
};

function selectSeries(db: Database | Transaction) {
  return db('series as s').select(
    's.id',
    ...columnNames(SERIES).map((column) => `s.${column}`),
    db.raw(
      `array(select f.slug from former_slugs f where f.series_id = s.id order by f.slug) as former_slugs`,
    ),
  );
}

function toSeries(row: SeriesRow): SeriesRecord {
  const values = fromColumns(SERIES, row);
  return { ...values, id: row.id, formerSlugs: row.former_slugs };
}

const SERVER_JSON = `json_build_object('id', v.id::text, ${Object.entries(VIDEO_SERVER_FIELDS)
  .map(([name, { column }]) => `'${name}', v.${column}`)
  .join(', ')})`;

/** @param episodes which of them: asked for together with their series, Postgres may read all of them to sort them. */
function selectEpisodes(db: Database | Transaction, episodes: ReturnType<Database>) {
  return db
    .from(episodes.as('e'))
    .join('series as s', 's.id', 'e.series_id')
    .select(
      'e.id',
      'e.series_id',
      's.slug as series_slug',
      's.title as series_title',
      ...columnNames(EPISODE).map((column) => `e.${column}`),
      'e.imported_version',
      'e.version',
      db.raw(`coalesce((
        select json_agg(${SERVER_JSON} order by v.position, v.id)
        from video_servers v where v.episode_id = e.id), '[]') as video_servers`),
    );
}

function toEpisode(row: EpisodeRow): EpisodeRecord {
  return {
    ...fromColumns(EPISODE, row),
    id: row.id,
    seriesId: row.series_id,
    seriesSlug: row.series_slug,
    seriesTitle: row.series_title,
    videoServers: row.video_servers,
    isAsImported: row.imported_version === row.version,
  };
}

const AT_ONCE = 500;

/** Every series, visible or not, in the order in which they were added. */
export async function* allSeries(trx: Transaction): AsyncGenerator<SeriesRecord> {
  for (let after = '0'; ; ) {
    const rows: SeriesRow[] = await selectSeries(trx)
      .where('s.id', '>', after)
      .orderBy('s.id')
      .limit(AT_ONCE);
    yield* rows.map(toSeries);
    const last = rows.at(-1);
    if (!last || rows.length < AT_ONCE) return;
    after = last.id;
  }
}

/** Every episode that is not deleted, in the order in which they were added: of two that were published at once, the later one stands first. */
export async function* allEpisodes(trx: Transaction): AsyncGenerator<EpisodeRecord> {
  for (let after = '0'; ; ) {
    const some = trx('episodes').whereNull('deleted_at').where('id', '>', after).orderBy('id').limit(AT_ONCE);
    const rows: EpisodeRow[] = await selectEpisodes(trx, some).orderBy('e.id');
    yield* rows.map(toEpisode);
    const last = rows.at(-1);
    if (!last || rows.length < AT_ONCE) return;
    after = last.id;
  }
}

/** How many video servers the episode has that has most of them. */
export async function countMostServers(trx: Transaction): Promise<number> {
  const { rows } = await trx.raw<{ rows: { most: string }[] }>(
    `select coalesce(max(count), 0) as most from (
       select count(*) from video_servers v join episodes e on e.id = v.episode_id
       where e.deleted_at is null group by v.episode_id) as counted`,
  );
  return Number(rows[0]?.most ?? 0);
}

/** The series that have one of these addresses now or had it once, one of these external ids, or come from one of these sources. */
export async function findSeriesOf(
  db: Database | Transaction,
  {
    slugs,
    externalIds = [],
    sources = [],
  }: {
    readonly slugs: readonly string[];
    readonly externalIds?: readonly string[];
    readonly sources?: readonly string[];
  },
): Promise<readonly SeriesRecord[]> {
  if (slugs.length + externalIds.length + sources.length === 0) return [];
  const rows: SeriesRow[] = await selectSeries(db)
    .whereRaw(
      `s.id in (
        select id from series where slug = any(?)
        union select series_id from former_slugs where slug = any(?)
        union select id from series where external_id = any(?)
        union select id from series where source = any(?))`,
      [[...slugs], [...slugs], [...externalIds], [...sources]],
    )
    .orderBy('s.id');
  return rows.map(toSeries);
}

export async function findSeriesRecord(db: Transaction, id: string): Promise<SeriesRecord | undefined> {
  const row: SeriesRow | undefined = await selectSeries(db).where('s.id', id).first();
  return row && toSeries(row);
}

/** Undefined for one that is deleted, too. */
export async function findEpisodeRecord(db: Transaction, id: string): Promise<EpisodeRecord | undefined> {
  const those = db('episodes').whereNull('deleted_at').where({ id });
  const row: EpisodeRow | undefined = await selectEpisodes(db, those).first();
  return row && toEpisode(row);
}

/** Which of these addresses a series has, or had. */
export async function findTakenSlugs(
  db: Database | Transaction,
  slugs: readonly string[],
): Promise<ReadonlySet<string>> {
  if (slugs.length === 0) return new Set();
  const { rows } = await db.raw<{ rows: { slug: string }[] }>(
    'select slug from series where slug = any(?) union select slug from former_slugs where slug = any(?)',
    [[...slugs], [...slugs]],
  );
  return new Set(rows.map(({ slug }) => slug));
}

/** The episodes in these places, and those with these external ids. */
export async function findEpisodesOf(
  db: Database | Transaction,
  {
    places,
    externalIds,
  }: {
    readonly places: readonly { readonly seriesId: string; readonly kind: string; readonly number: string }[];
    readonly externalIds: readonly string[];
  },
): Promise<readonly EpisodeRecord[]> {
  if (places.length + externalIds.length === 0) return [];
  const some = db('episodes')
    .whereNull('deleted_at')
    .whereRaw(
      `id in (
        select e.id from unnest(?::bigint[], ?::text[], ?::numeric[]) as place (series_id, kind, number)
        join episodes e using (series_id, kind, number)
        union select id from episodes where external_id = any(?))`,
      [
        places.map(({ seriesId }) => seriesId),
        places.map(({ kind }) => kind),
        places.map(({ number }) => number),
        [...externalIds],
      ],
    );
  const rows: EpisodeRow[] = await selectEpisodes(db, some).orderBy('e.id');
  return rows.map(toEpisode);
}

/** The columns with the values to be written; lists and objects of JSON as its text, which the driver takes for lists of Postgres. */
function columnsOf(fields: Fields, values: RawRecord): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const { column } = field;
      const value = values[name];
      if (column === undefined || value === undefined) return [];
      return [[column, value !== null && isJson(field) ? JSON.stringify(value) : value]];
    }),
  );
}

/** Makes the series, in this order; their ids by their addresses. */
export async function insertSeries(
  trx: Transaction,
  all: readonly (RawRecord & { readonly slug: string; readonly formerSlugs: readonly string[] })[],
): Promise<ReadonlyMap<string, string>> {
  if (all.length === 0) return new Map();
  const rows: { readonly id: string; readonly slug: string }[] = await trx('series')
    .insert(all.map((values) => withoutNull(columnsOf(SERIES, values), 'created_at')))
    .returning(['id', 'slug']);
  const idOf = new Map(rows.map(({ id, slug }) => [slug, id]));
  const former = all.flatMap(({ slug, formerSlugs }) =>
    formerSlugs.map((each) => ({ slug: each, series_id: idOf.get(slug) })),
  );
  if (former.length > 0)
    await trx.raw(
      `insert into former_slugs (slug, series_id)
       select slug, series_id from jsonb_to_recordset(?::jsonb) as item(slug text, series_id bigint)
       where not exists (select from series s where s.slug = item.slug)
       on conflict do nothing`,
      [JSON.stringify(former)],
    );
  return idOf;
}

export async function updateSeriesRow(trx: Transaction, id: string, values: RawRecord): Promise<void> {
  await trx('series')
    .where({ id })
    .update({
      ...columnsOf(SERIES_FILE_FIELDS, values),
      version: trx.raw('version + 1'),
      updated_at: trx.fn.now(3),
    });
}

/** An episode that is to be made. */
export type NewEpisodeRecord = RawRecord & {
  readonly seriesId: string;
  readonly kind: string;
  readonly number: string;
  readonly importedAs: number | null;
  readonly isAsImported: boolean;
  readonly videoServers: readonly RawRecord[];
};

/** Makes the episodes, in this order, with their servers; the ids of both. */
export async function insertEpisodeRecords(
  trx: Transaction,
  all: readonly NewEpisodeRecord[],
): Promise<readonly { readonly id: string; readonly serverIds: readonly string[] }[]> {
  if (all.length === 0) return [];
  const rows: { id: string; series_id: string; kind: string; number: string }[] = await trx('episodes')
    .insert(
      all.map((values) => ({
        series_id: values.seriesId,
        ...withoutNull(columnsOf(EPISODE, values), 'created_at'),
        // Version 1 is what it is made with.
        imported_version: values.importedAs === null ? null : Number(values.isAsImported),
      })),
    )
    .returning(['id', 'series_id', 'kind', trx.raw('trim_scale(number)::text as number')]);
  const placeOf = (seriesId: string, kind: string, number: string) => `${seriesId} ${kind} ${number}`;
  const idOf = new Map(rows.map((row) => [placeOf(row.series_id, row.kind, row.number), row.id]));
  const ids = all.map(({ seriesId, kind, number }) => {
    const id = idOf.get(placeOf(seriesId, kind, number));
    if (id === undefined) throw new Error('The insert of an episode returned no row.');
    return id;
  });
  const servers = all.flatMap(({ videoServers }, index) =>
    videoServers.map((server, position) => ({
      episode_id: ids[index],
      position,
      ...columnsOf(VIDEO_SERVER_FIELDS, server),
    })),
  );
  const added: { id: string; episode_id: string; position: number }[] =
    servers.length === 0
      ? []
      : await trx('video_servers').insert(servers).returning(['id', 'episode_id', 'position']);
  const serversOf = new Map<string, string[]>();
  for (const { id, episode_id: episodeId, position } of added) {
    const those = serversOf.get(episodeId) ?? [];
    those[position] = id;
    serversOf.set(episodeId, those);
  }
  return ids.map((id) => ({ id, serverIds: serversOf.get(id) ?? [] }));
}

export async function updateEpisodeRow(trx: Transaction, id: string, values: RawRecord): Promise<void> {
  await trx('episodes')
    .where({ id })
    .update({
      ...columnsOf(EPISODE_FILE_FIELDS, values),
      ...(values.status === 'scheduled' && { first_public_at: null }),
      version: trx.raw('version + 1'),
      updated_at: trx.fn.now(3),
    });
}

/** A column that has a default gets it where nothing is said. */
function withoutNull(columns: Readonly<Record<string, unknown>>, column: string) {
  if (columns[column] !== null) return columns;
  return Object.fromEntries(Object.entries(columns).filter(([name]) => name !== column));
}
