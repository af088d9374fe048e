import { Random } from '../../src/features/artwork/random';
import { SEASONS, type Season, type SeriesKind } from '../../src/features/series/fields';
import { FIXED_SERIES, YEARS } from './fixed-series';
import { synopsis, titles } from './words';

export type SeriesRow = {
  readonly id: number;
  readonly slug: string;
  readonly title: string;
  readonly title_native: string;
  readonly synonyms: readonly string[];
  readonly synopsis: string;
  readonly kind: SeriesKind;
  readonly season_year: number;
  readonly season: Season;
  readonly links: readonly { readonly title: string; readonly url: string; readonly kind: 'onair' }[];
  readonly visible: boolean;
};

export type EpisodeRow = {
  readonly id: number;
  readonly series_id: number;
  readonly number: number;
  readonly title: string;
  readonly synopsis: string;
  readonly duration_seconds: number;
  readonly status: 'draft' | 'scheduled' | 'published' | 'hidden';
  readonly publish_at: string | null;
  readonly published_at: string | null;
  readonly deleted_at: string | null;
  /** Of its video servers; none is enabled of an episode that can't be played. */
  readonly servers: number;
  readonly enabled: boolean;
};

export type CatalogRows = { readonly series: readonly SeriesRow[]; readonly episodes: readonly EpisodeRow[] };

/** Nothing is published after it. */
const NOW_MS = Date.parse('2026-11-23T09:00:00Z');
const FUTURE = '2099-01-01T00:00:00Z';
const WEEK_MS = 7 * 86_400_000;
/** Of all series with episodes: a few long ones make most of the catalog. */
const AVERAGE_EPISODES = 19;
const HIDDEN_SERIES = 0.03;

/** As many as a catalog of that many episodes has; most of them are only announced, or old and without episodes. */
export function seriesCount(publicEpisodes: number): number {
  return Math.max(300, Math.round(publicEpisodes * 0.16));
}

/** A catalog with exactly `publicEpisodes` of them, and some that are not public. The same number gives the same rows. */
export function generateCatalog(publicEpisodes: number): CatalogRows {
  const random = new Random(`catalog of ${publicEpisodes}`);
  const count = seriesCount(publicEpisodes);
  const series = FIXED_SERIES.map(({ episodes: _, scheduled: __, ...fixed }, index): SeriesRow => {
    return { ...newSeries(random, index + 1), ...fixed, visible: true };
  });
  while (series.length < count) series.push(newSeries(random, series.length + 1));

  const withEpisodes = publicEpisodes / (count * AVERAGE_EPISODES);
  const chosen = new Set(
    series.filter((_, index) => index < FIXED_SERIES.length || random.chance(withEpisodes)),
  );
  const episodes: EpisodeRow[] = [];
  let missing = publicEpisodes;
  for (const each of [...chosen, ...series.filter((each) => !chosen.has(each))]) {
    if (missing === 0) break;
    const fixed = FIXED_SERIES.find(({ slug }) => slug === each.slug);
    const wanted = fixed?.episodes ?? episodeCount(random, each.kind);
    const length = each.visible ? Math.min(wanted, missing) : wanted;
    for (const row of episodesOf(random, each, length, fixed?.scheduled)) {
      episodes.push({ id: episodes.length + 1, ...row });
    }
    if (each.visible) missing -= length;
  }
  return { series, episodes };
}

function newSeries(random: Random, id: number): SeriesRow {
  const [title, ...synonyms] = titles(random);
  return {
    id,
    slug: `series-${id}`,
    title,
    title_native: synonyms[0],
    synonyms: synonyms.slice(1),
    synopsis: synopsis(random, random.whole(200, 900)),
    kind: random.pick(['tv', 'tv', 'tv', 'tv', 'tv', 'movie', 'movie', 'ova', 'web']),
    // More of today than of the eighties.
    season_year: YEARS.last - Math.floor((YEARS.last - YEARS.first + 1) * random.next() ** 1.5),
    season: random.pick(SEASONS),
    links: Array.from({ length: random.whole(1, 10) }, (_, index) => ({
      title: `Site ${index + 1}`,
      url: `https://watch-${index + 1}.example/series/${id}`,
      kind: 'onair',
    })),
    visible: !random.chance(HIDDEN_SERIES),
  };
}

function episodeCount(random: Random, kind: SeriesKind): number {
  switch (kind) {
    case 'movie':
      return 1;
    case 'ova':
      return random.whole(1, 6);
    case 'web':
      return random.whole(3, 24);
    case 'tv':
      return random.pick([12, 12, 12, 12, 13, 13, 13, 24, 24, 26, random.whole(50, 350)]);
  }
}

type NewEpisode = Omit<EpisodeRow, 'id'>;

/** `length` published ones, one a week, and now and then one that visitors don't see. */
function episodesOf(random: Random, series: SeriesRow, length: number, scheduled?: number): NewEpisode[] {
  const month = SEASONS.indexOf(series.season) * 3;
  const beginMs = Date.UTC(series.season_year, month, random.whole(1, 28)) + random.whole(0, 86_400) * 1_000;
  const lastBeginMs = NOW_MS - length * WEEK_MS - random.whole(0, WEEK_MS);
  const firstMs = Math.min(beginMs, lastBeginMs);
  const time = (number: number): string => new Date(firstMs + (number - 1) * WEEK_MS).toISOString();

  const rows: NewEpisode[] = [];
  const add = (fields: (at: string) => Partial<EpisodeRow>): void => {
    const number = rows.length + 1;
    rows.push({ ...newEpisode(random, series.id, number), ...fields(time(number)) });
  };
  while (rows.length < length) add((at) => ({ status: 'published', published_at: at }));
  for (let count = scheduled ?? Number(random.chance(0.05)); count > 0; count--) {
    add(() => ({ status: 'scheduled', publish_at: FUTURE }));
  }
  if (scheduled !== undefined) return rows;
  if (random.chance(0.1)) add(() => ({ status: 'draft' }));
  if (random.chance(0.05)) add((at) => ({ status: 'hidden', published_at: at }));
  if (random.chance(0.05)) add((at) => ({ status: 'published', published_at: at, enabled: false }));
  if (random.chance(0.05)) add((at) => ({ status: 'published', published_at: at, deleted_at: at }));
  return rows;
}

function newEpisode(random: Random, seriesId: number, number: number): NewEpisode {
  return {
    series_id: seriesId,
    number,
    title: random.chance(0.8) ? titles(random)[0] : '',
    synopsis: random.chance(0.3) ? synopsis(random, random.whole(100, 300)) : '',
    duration_seconds: random.whole(1_380, 1_500),
    status: 'draft',
    publish_at: null,
    published_at: null,
    deleted_at: null,
    servers: random.whole(1, 4),
    enabled: true,
  };
}
