import type { Cursor } from '../../live/log/change';
import { type HeadRow, toCursor } from '../../live/log/live-log';
import type { Database } from '../../platform/database';
import { CARD_COLUMNS, type PublicEpisode, type PublicEpisodeRow, toPublicEpisode } from '../episodes/public';
import { SEASONS, type Season, type SeriesKind } from '../series/fields';

/** Cards on one page of the grid. */
export const PAGE_SIZE = 24;

/** Which episodes a grid shows. */
export type LatestFilter = {
  readonly kind?: SeriesKind | undefined;
  readonly season?: { readonly year: number; readonly season: Season } | undefined;
  /** In which language it can be heard, BCP 47. */
  readonly audio?: string | undefined;
  readonly subtitles?: string | undefined;
  /** The ids of the only series whose episodes are shown: those that a device follows. */
  readonly followed?: readonly string[] | undefined;
};

/** The last card of a page: the next one begins after it. */
export type PageKey = { readonly publishedAt: string; readonly episodeId: string };

/** One page of the latest episodes and the point in the order of changes at which it was true. */
export type LatestPage = {
  readonly cursor: Cursor;
  readonly episodes: readonly PublicEpisode[];
  /** Undefined on the last page. */
  readonly next: PageKey | undefined;
};

/**
 * Each card is looked up by itself. As a plain join Postgres may put all that is public together first and sort it,
 * which it does as long as it has no statistics: after an import, or after a backup was restored.
 */
const CARD_OF_LATEST = `cross join lateral (
  select ${CARD_COLUMNS.join(', ')} from public_episodes
  where public_episodes.episode_id = latest.episode_id limit 1) as card`;

/**
 * The episodes that are public, newest first. Head and rows come from one statement, and so from one snapshot.
 * @param part.after the last card of the page before
 */
export async function readLatestPage(
  db: Database,
  filter: LatestFilter,
  part: { readonly after?: PageKey | undefined; readonly count?: number } = {},
): Promise<LatestPage> {
  const { after, count = PAGE_SIZE } = part;
  const { rowsOf, where, bindings } = conditionsOf(filter);
  const key = after ? [after.publishedAt, after.episodeId] : [];
  const { rows } = await db.raw<{
    rows: (HeadRow & (PublicEpisodeRow | { readonly episode_id: null }))[];
  }>(
    `select head.epoch, head.seq, card.*
     from live_head as head
     left join lateral (
       select card.* from ${rowsOf('desc')} as latest ${CARD_OF_LATEST}
       where ${where} ${after ? 'and (latest.published_at, latest.episode_id) < (?, ?)' : ''}
       order by latest.published_at desc, latest.episode_id desc limit ?) as card on true
     order by card.published_at desc, card.episode_id desc`,
    [...bindings, ...key, count + 1],
  );
  const found = rows.flatMap((row) => (row.episode_id === null ? [] : [toPublicEpisode(row)]));
  const episodes = found.slice(0, count);
  const last = episodes.at(-1);
  return {
    cursor: toCursor(rows[0]),
    episodes,
    next:
      found.length > count && last ? { publishedAt: last.publishedAt, episodeId: last.episodeId } : undefined,
  };
}

export type Conditions = {
  /** What is looked through under the name `latest`, by `published_at` and `episode_id` in this order. */
  readonly rowsOf: (order: 'asc' | 'desc') => string;
  /** All that there is, whichever series it is of. */
  readonly table: string;
  readonly where: string;
  /** First those of the rows, then those of `where`. */
  readonly bindings: readonly (string | number | string[])[];
  /** The languages alone, of the table under another name: what can differ between episodes of one series. */
  readonly languages: (name: string) => string;
  readonly languageBindings: readonly string[];
};

/** What is in one index each; but of series that are named each is looked up by itself, and the episodes of all of them are put in order. */
export function conditionsOf(filter: LatestFilter): Conditions {
  const { kind, season, audio = '', subtitles = '', followed } = filter;
  const isByLanguage = audio !== '' || subtitles !== '';
  const conditions: string[] = [];
  const bindings: (string | number)[] = [];
  const add = (sql: string, ...values: readonly (string | number)[]): void => {
    conditions.push(sql);
    bindings.push(...values);
  };
  if (isByLanguage) add('latest.audio = ? and latest.subtitles = ?', audio, subtitles);
  if (kind) add('latest.series_kind = ?', kind);
  if (season) add('latest.season_year = ? and latest.season = ?', season.year, season.season);
  const table = isByLanguage ? 'latest_languages' : 'latest_episodes';
  return {
    rowsOf: (order) =>
      followed
        ? `(select * from ${table} where series_id = any (?::bigint[]) order by published_at ${order}, episode_id ${order})`
        : table,
    table,
    where: conditions.join(' and ') || 'true',
    bindings: followed ? [[...followed], ...bindings] : bindings,
    languages: (name) => (isByLanguage ? `and ${name}.audio = ? and ${name}.subtitles = ?` : ''),
    languageBindings: isByLanguage ? [audio, subtitles] : [],
  };
}

/** The languages in which public episodes can be heard and read, each found by one step through an index. */
export async function readLanguages(
  db: Database,
): Promise<{ readonly audio: readonly string[]; readonly subtitles: readonly string[] }> {
  const { rows } = await db.raw<{ rows: { audio: string | null; subtitles: string | null }[] }>(`
    with recursive heard as (
      (select audio from latest_languages where audio > '' and subtitles = '' order by audio limit 1)
      union all
      select later.audio
      from heard cross join lateral (
        select audio from latest_languages
        where audio > heard.audio and subtitles = '' order by audio limit 1) as later
    ), read as (
      (select subtitles from latest_languages where audio = '' and subtitles > '' order by subtitles limit 1)
      union all
      select later.subtitles
      from read cross join lateral (
        select subtitles from latest_languages
        where audio = '' and subtitles > read.subtitles order by subtitles limit 1) as later
    )
    (select audio, null as subtitles from heard limit 200)
    union all
    (select null, subtitles from read limit 200)`);
  return {
    audio: rows.flatMap(({ audio }) => audio ?? []),
    subtitles: rows.flatMap(({ subtitles }) => subtitles ?? []),
  };
}

/** The seasons that public episodes belong to, newest first. */
export async function readSeasons(
  db: Database,
): Promise<readonly { readonly year: number; readonly season: Season }[]> {
  // From one season to the next through the index: it costs as much as there are seasons, however many episodes they have.
  const { rows } = await db.raw<{ rows: { season_year: number; season: Season }[] }>(`
    with recursive seasons as (
      (select season_year, season from latest_episodes where season is not null
       order by season_year desc, season desc limit 1)
      union all
      select earlier.season_year, earlier.season
      from seasons cross join lateral (
        select season_year, season from latest_episodes
        where season is not null and (season_year, season) < (seasons.season_year, seasons.season)
        order by season_year desc, season desc limit 1) as earlier
    )
    select season_year, season from seasons limit 1000`);
  return rows
    .map(({ season_year, season }) => ({ year: season_year, season }))
    .sort((a, b) => b.year - a.year || SEASONS.indexOf(b.season) - SEASONS.indexOf(a.season));
}
