import type { Database } from '../../platform/database';
import { type EpisodeKind, shortestNumber } from '../episodes/fields';
import type { Genre, Season, SeriesKind } from '../series/fields';

/** Series on one page: it fills rows of two, three, four and six. */
const PAGE_SIZE = 48;

/** The first letters of slugs; `0-9` is all that begins with a digit. */
export const LETTERS = ['0-9', ...'abcdefghijklmnopqrstuvwxyz'] as const;

/** Which series a page shows. */
export type SeriesFilter = {
  readonly kind?: SeriesKind | undefined;
  readonly season?: { readonly year: number; readonly season: Season } | undefined;
  readonly genre?: Genre | undefined;
  /** One of `LETTERS` */
  readonly letter?: string | undefined;
};

export type ListedSeries = {
  readonly slug: string;
  readonly title: string;
  readonly titleLanguage: string;
  readonly kind: SeriesKind;
  readonly seasonYear: number | null;
  readonly season: Season | null;
  readonly poster: string | null;
  /** The regular episode with the highest number, else the special; undefined where none is public. */
  readonly newest: { readonly kind: EpisodeKind; readonly number: string } | undefined;
};

export type SeriesPage = {
  readonly series: readonly ListedSeries[];
  /** The slug after which the page before this one begins; null: it is the first page; undefined: there is none. */
  readonly previous: string | null | undefined;
  /** The slug after which the next page begins; undefined on the last page. */
  readonly next: string | undefined;
};

/** Public series in the order of their slugs. @param after the slug that the page begins after */
export async function readSeriesPage(
  db: Database,
  filter: SeriesFilter,
  after?: string,
): Promise<SeriesPage> {
  const { sql, bindings } = conditionsOf(filter);
  const { rows } = await db.raw<{ rows: (SeriesRow & { readonly preceding: readonly string[] })[] }>(
    `select preceding.slugs as preceding, page.*
     from (select array(
             select slug from listed_series where ${sql} and slug <= ? order by slug desc limit ?) as slugs) as preceding
     left join lateral (
       select s.slug, s.title, s.title_language, s.kind, s.season_year, s.season, s.poster,
              newest.kind as episode_kind, newest.number as episode_number
       from (select series_id, slug from listed_series where ${sql} and slug > ? order by slug limit ?) as listed
       cross join lateral (select * from public_series where series_id = listed.series_id limit 1) as s
       left join lateral (
         (${NEWEST} and kind = 'regular' order by number desc limit 1)
         union all
         (${NEWEST} and kind = 'special' order by number desc limit 1)
         limit 1) as newest on true
       order by listed.slug) as page on true
     order by page.slug collate "C"`,
    [...bindings, after ?? '', PAGE_SIZE + 1, ...bindings, after ?? '', PAGE_SIZE + 1],
  );
  const found = rows.filter(({ slug }) => slug !== null).map(toListedSeries);
  const series = found.slice(0, PAGE_SIZE);
  const preceding = rows[0]?.preceding ?? [];
  return {
    series,
    previous: preceding.length === 0 ? undefined : (preceding[PAGE_SIZE] ?? null),
    next: found.length > PAGE_SIZE ? series.at(-1)?.slug : undefined,
  };
}

const NEWEST = 'select kind, number from public_episodes where series_id = s.series_id';

function conditionsOf({ kind, season, genre, letter }: SeriesFilter): {
  readonly sql: string;
  readonly bindings: (string | number)[];
} {
  const conditions = ['genre = ?'];
  const bindings: (string | number)[] = [genre ?? ''];
  if (kind) {
    conditions.push('kind = ?');
    bindings.push(kind);
  }
  if (season) {
    conditions.push('season_year = ? and season = ?');
    bindings.push(season.year, season.season);
  }
  if (letter) {
    conditions.push('slug >= ? and slug < ?');
    bindings.push(...rangeOf(letter));
  }
  return { sql: conditions.join(' and '), bindings };
}

/** From which slug, inclusive, to which one, exclusive. */
function rangeOf(letter: string): [string, string] {
  return letter === '0-9' ? ['0', 'a'] : [letter, String.fromCharCode(letter.charCodeAt(0) + 1)];
}

/** Those of the letters with which a series of the filter begins: each is one look into the index. */
export async function readLetters(db: Database, filter: SeriesFilter): Promise<ReadonlySet<string>> {
  const { sql, bindings } = conditionsOf({ ...filter, letter: undefined });
  const ranges = LETTERS.map(rangeOf);
  const { rows } = await db.raw<{ rows: { readonly number: number }[] }>(
    `select letter.number::int as number
     from unnest(?::text[], ?::text[]) with ordinality as letter (begins, ends, number)
     cross join lateral (
       select 1 from listed_series
       where ${sql} and slug >= letter.begins and slug < letter.ends limit 1) as found
     limit 100`,
    [ranges.map(([begins]) => begins), ranges.map(([, ends]) => ends), ...bindings],
  );
  return new Set(rows.flatMap(({ number }) => LETTERS[number - 1] ?? []));
}

/** The seasons and genres that public series have. Each is one step through the index, however many series there are. */
export async function readChoices(db: Database): Promise<{
  /** In no order that means anything. */
  readonly seasons: readonly { readonly year: number; readonly season: Season }[];
  readonly genres: ReadonlySet<Genre>;
}> {
  const { rows } = await db.raw<{ rows: { year: number | null; season: Season | null; genre: Genre }[] }>(
    `with recursive seasons as (
       (select season_year, season from listed_series where genre = '' and season is not null
        order by season_year desc, season desc limit 1)
       union all
       select earlier.season_year, earlier.season
       from seasons cross join lateral (
         select season_year, season from listed_series
         where genre = '' and season is not null and (season_year, season) < (seasons.season_year, seasons.season)
         order by season_year desc, season desc limit 1) as earlier
     ), genres as (
       (select genre from listed_series where genre > '' order by genre limit 1)
       union all
       select later.genre
       from genres cross join lateral (
         select genre from listed_series where genre > genres.genre order by genre limit 1) as later
     )
     (select season_year as year, season, null as genre from seasons limit 1000)
     union all
     (select null, null, genre from genres limit 100)`,
  );
  return {
    seasons: rows.flatMap(({ year, season }) => (year !== null && season ? [{ year, season }] : [])),
    genres: new Set(rows.flatMap(({ genre }) => genre ?? [])),
  };
}

type SeriesRow = {
  readonly slug: string;
  readonly title: string;
  readonly title_language: string;
  readonly kind: SeriesKind;
  readonly season_year: number | null;
  readonly season: Season | null;
  readonly poster: string | null;
  readonly episode_kind: EpisodeKind | null;
  readonly episode_number: string | null;
};

function toListedSeries(row: SeriesRow): ListedSeries {
  return {
    slug: row.slug,
    title: row.title,
    titleLanguage: row.title_language,
    kind: row.kind,
    seasonYear: row.season_year,
    season: row.season,
    poster: row.poster,
    newest:
      row.episode_kind && row.episode_number
        ? { kind: row.episode_kind, number: shortestNumber(row.episode_number) }
        : undefined,
  };
}
