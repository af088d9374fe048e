import { eachLanguage, type Words } from '../../web/words';
import { posterOf } from '../artwork/public';
import {
  genreLabel,
  guessLanguage,
  kindLabel,
  type SeriesLink,
  seasonKey,
  seasonLabel,
} from '../series/fields';
import { hostOf, isTimeKnown, type JapaneseDay, listedDays, type PublicSeries } from '../series/public';
import { episodePath } from './fields';
import type { EpisodePlace } from './public';

/** What `views/series/page.ejs` says of the series itself. */
export function seriesView(series: PublicSeries, first: EpisodePlace | undefined, words: Words) {
  return {
    ...series,
    poster: posterOf(series),
    kindLabel: kindLabel(series.kind, words),
    kindUrl: `/series?type=${series.kind}`,
    genres: series.genres.map((genre) => ({
      label: genreLabel(genre, words),
      url: `/series?genre=${genre}`,
    })),
    season:
      series.season && series.seasonYear
        ? {
            label: seasonLabel(series.seasonYear, series.season, words),
            url: `/series?season=${seasonKey(series.seasonYear, series.season)}`,
          }
        : undefined,
    days: daysView(series, words),
    start: first && {
      url: episodePath({ ...first, seriesSlug: series.slug }),
      label: startLabel(series, first, words),
    },
    // The other titles that bangumi-data knows are Chinese where they are Han alone.
    synonyms: series.synonyms.map((title) => ({ title, language: guessLanguage(title, 'zh') })),
    synopsisLanguage: guessLanguage(series.synopsis),
    watchLinks: series.links.filter((link) => link.kind === 'onair').map((link) => linkView(link, words)),
    infoLinks: series.links.filter((link) => link.kind !== 'onair').map((link) => linkView(link, words)),
  };
}

function startLabel({ kind }: PublicSeries, first: EpisodePlace, { t }: Words): string {
  if (kind === 'movie') return t('series.watch');
  const key = first.kind === 'regular' ? 'series.watchRegular' : 'series.watchSpecial';
  return t(key, { number: Number(first.number) });
}

/** The day of what has only one, else the first and the last one, as far as they are known. */
function daysView(series: PublicSeries, words: Words) {
  const listed = listedDays(series);
  const begins = listed.begins && dayView(series, listed.begins, { moment: series.beginsAt, words });
  const ends = listed.ends && dayView(series, listed.ends, { moment: series.endsAt, words });
  const isOneDay = series.kind === 'movie' || begins?.text === ends?.text;
  return isOneDay ? { on: begins, from: null, to: null } : { on: null, from: begins, to: ends };
}

/** A day as a page shows it, and as its `<time>` element names it: a moment where one is known, which has another day elsewhere. */
type DayView = { readonly text: string; readonly datetime: string; readonly isMoment: boolean };

/** `23 Nov 2026` and `2026-11-23`. A moment is in UTC, as all times of a page are until its script knows the visitor's zone. */
function dayView(
  series: PublicSeries,
  { year, month, day }: JapaneseDay,
  { moment, words }: { readonly moment: Date | null; readonly words: Words },
): DayView {
  const isMoment = moment !== null && isTimeKnown(series, moment);
  const date = isMoment ? moment : new Date(Date.UTC(year, month, day));
  const datetime = date.toISOString();
  return { text: DAY(words).format(date), datetime: isMoment ? datetime : datetime.slice(0, 10), isMoment };
}
const DAY = eachLanguage(
  ({ locale }) =>
    new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }),
);

/** Named one by one as long as that is short. */
const MAX_NAMED_REGIONS = 4;

function linkView(link: SeriesLink, { t }: Words) {
  const { title, url, regions = [] } = link;
  return {
    title,
    titleLanguage: guessLanguage(title, 'zh'),
    url,
    host: hostOf(link),
    regionsText:
      regions.length > MAX_NAMED_REGIONS
        ? t('series.regions', { count: regions.length })
        : regions.join(', '),
  };
}
