import type { Database, Transaction } from '../platform/database';
import type { BangumiSeries } from './bangumi-data';
import type { VideoServerInput } from './video-server';

/** The clip that comes with the site: real videos are not free to give away. */
const CLIP = { audioLanguage: 'ja', subtitleLanguage: null, enabled: true };
const VIDEO_SERVERS: readonly VideoServerInput[] = [
  { ...CLIP, name: 'Main', kind: 'file', url: '/media/clip.mp4' },
  { ...CLIP, name: 'Mirror', kind: 'hls', url: '/media/clip/index.m3u8' },
];

/** A series with what is to be there of it. */
export type Wanted = BangumiSeries & { readonly slug: string; readonly broadcasts: readonly Date[] };

/** What is there of a series; deleted episodes count, so that they stay deleted. */
export type Known = { readonly id: string; readonly numbers: Set<number>; readonly times: Set<number> };

export type NewEpisode = {
  readonly series_id: string;
  readonly number: number;
  readonly published_at: Date;
  readonly first_public_at: Date | null;
};

/** What is there of the series, by their source. */
export async function readKnown(
  db: Database | Transaction,
  chunk: readonly Wanted[],
): Promise<ReadonlyMap<string, Known>> {
  const rows: KnownRow[] = await db('series as s')
    .leftJoin('episodes as e', 'e.series_id', 's.id')
    .select('s.id', 's.source', 'e.kind', 'e.number', 'e.published_at')
    .whereRaw('s.source = any(?)', [chunk.map(({ source }) => source)])
    .orderBy('s.id');
  const known = new Map<string, Known>();
  for (const row of rows) {
    const series = known.get(row.source) ?? { id: row.id, numbers: new Set(), times: new Set() };
    known.set(row.source, series);
    if (row.kind === 'regular') series.numbers.add(Number(row.number));
    if (row.published_at) series.times.add(row.published_at.getTime());
  }
  return known;
}

type KnownRow = {
  readonly id: string;
  readonly source: string;
  readonly kind: string | null;
  readonly number: string | null;
  readonly published_at: Date | null;
};

export type SlugRow = { readonly slug: string; readonly source: string | null };

export async function readSlugs(db: Database): Promise<readonly SlugRow[]> {
  return db('series').select('slug', 'source').orderBy('id');
}

/** The number of series that were added: not one whose source or slug somebody took meanwhile. */
export async function insertSeries(trx: Transaction, series: readonly Wanted[]): Promise<number> {
  if (series.length === 0) return 0;
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `insert into series (slug, title, title_language, title_native, native_language, synonyms, kind, season_year,
                         season, begins_at, ends_at, broadcast, links, note, source)
     select slug, title, "titleLanguage", "titleNative", "nativeLanguage", synonyms, kind, "seasonYear",
            season, "beginsAt", "endsAt", broadcast, links, note, source
     from jsonb_to_recordset(?::jsonb) as item(
       slug text, title text, "titleLanguage" text, "titleNative" text, "nativeLanguage" text, synonyms text[],
       kind text, "seasonYear" smallint, season text, "beginsAt" timestamptz, "endsAt" timestamptz,
       broadcast text, links jsonb, note text, source text)
     on conflict do nothing`,
    [JSON.stringify(series)],
  );
  return rowCount;
}

/** The ids of the episodes that were added, each with its video servers. */
export async function insertEpisodes(trx: Transaction, episodes: readonly NewEpisode[]): Promise<string[]> {
  if (episodes.length === 0) return [];
  const { rows } = await trx.raw<{ rows: { readonly id: string }[] }>(
    `insert into episodes (series_id, number, status, published_at, first_public_at)
     select series_id, number, 'published', published_at, first_public_at
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
