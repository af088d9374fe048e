import { SEASONS, type Season, type SeriesKind } from '../../src/features/series/fields';

/** In which the generated series begin. */
export const YEARS = { first: 1987, last: 2026 } as const;

type FixedSeries = {
  readonly slug: string;
  readonly title: string;
  readonly kind: SeriesKind;
  readonly season_year: number;
  readonly season: Season;
  /** Public ones. */
  readonly episodes: number;
  readonly scheduled?: number;
};

export const SHORT_SERIES = {
  slug: 'short-series',
  title: 'Mijikai',
  kind: 'tv',
  season_year: 2020,
  season: 'winter',
  episodes: 12,
} as const satisfies FixedSeries;

/** Has more scheduled episodes than a list shows, too. */
export const LONG_SERIES = {
  slug: 'long-series',
  title: 'Nagai',
  kind: 'tv',
  season_year: 2004,
  season: 'fall',
  episodes: 80,
  scheduled: 60,
} as const satisfies FixedSeries;

/** Has a season, and the words of its title, for itself. */
export const RARE_SERIES = {
  slug: 'rare-series',
  title: 'Hitotsu Dake',
  kind: 'ova',
  season_year: 1986,
  season: 'spring',
  episodes: 2,
} as const satisfies FixedSeries;

/** Fills a page of its season alone. */
export const RECENT_SERIES = {
  slug: 'recent-series',
  title: 'Saikin',
  kind: 'tv',
  season_year: 2026,
  season: 'fall',
  episodes: 30,
} as const satisfies FixedSeries;

/** One in each season that a generated series may have, so that the list of seasons is as long in a small catalog. */
const MOVIES = Array.from(
  { length: 4 * (YEARS.last - YEARS.first + 1) },
  (_, index): FixedSeries => ({
    slug: `movie-${index + 1}`,
    title: `Eiga ${index + 1}`,
    kind: 'movie',
    season_year: YEARS.first + Math.floor(index / 4),
    season: SEASONS[index % 4] ?? 'winter',
    episodes: 1,
  }),
);

/** In a catalog of any size: a query then gives as many rows of a small one as of a large one. */
export const FIXED_SERIES: readonly FixedSeries[] = [
  SHORT_SERIES,
  LONG_SERIES,
  RARE_SERIES,
  RECENT_SERIES,
  ...MOVIES,
];

/** The fewest public episodes that a catalog can have. */
export const MIN_EPISODES = FIXED_SERIES.reduce((sum, { episodes }) => sum + episodes, 0);
