import { Router } from 'express';
import { EPISODE_KINDS, episodeLabel, parseEpisodeNumber, seriesPath } from '../../catalog/episode';
import { listedDays } from '../../catalog/japanese-day';
import {
  type EpisodePlace,
  type EpisodesPage,
  type EpisodesPart,
  findPublicSeries,
  type PublicSeries,
  readEpisodesPage,
} from '../../catalog/public-series';
import { guessLanguage, type SeriesLink } from '../../catalog/series';
import { cardView, dayView, KIND_LABELS, posterUrl, seasonKey, seasonLabel } from '../card-view';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';

/** The page of one series, with its episodes a hundred at a time. */
export function seriesRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  router.get('/series/:slug', async (request, response) => {
    const series = await findPublicSeries(catalog.db, request.params.slug);
    if (!series) throw new ClientError(404, 'There is no series at this address.');
    const part = parsePart(request.query);
    const page = await readEpisodesPage(catalog.db, series.seriesId, part);
    response.set('Cache-Control', 'no-cache').render('pages/series', {
      title: series.title,
      titleLanguage: series.titleLanguage,
      series: {
        ...series,
        posterUrl: posterUrl(series),
        kindLabel: KIND_LABELS[series.kind],
        season:
          series.season && series.seasonYear
            ? {
                label: seasonLabel(series.seasonYear, series.season),
                url: `/episodes/latest?season=${seasonKey(series.seasonYear, series.season)}`,
              }
            : undefined,
        days: daysView(series),
        // The other titles that bangumi-data knows are Chinese where they are Han alone.
        synonyms: series.synonyms.map((title) => ({ title, language: guessLanguage(title, 'zh') })),
        synopsisLanguage: guessLanguage(series.synopsis),
        watchLinks: series.links.filter((link) => link.kind === 'onair').map(linkView),
        infoLinks: series.links.filter((link) => link.kind !== 'onair').map(linkView),
      },
      cards: page.episodes.map((episode) => cardView(episode, 0)),
      isPart: part !== 'first',
      firstUrl: seriesPath(series.slug),
      pager: pagerView(series.slug, part, page),
    });
  });

  return router;
}

/** The day of what has only one, else the first and the last one, as far as they are known. */
function daysView(series: PublicSeries) {
  const days = listedDays(series);
  const begins = days.begins && dayView(days.begins);
  const ends = days.ends && dayView(days.ends);
  const isOneDay = series.kind === 'movie' || begins?.text === ends?.text;
  return isOneDay ? { on: begins, from: null, to: null } : { on: null, from: begins, to: ends };
}

/** `?after=regular-100`, `?before=special-1`, `?before=end` */
function parsePart({ after, before }: Readonly<Record<string, unknown>>): EpisodesPart {
  if (after !== undefined) return { after: parsePlace(after) };
  if (before === undefined) return 'first';
  return before === 'end' ? 'last' : { before: parsePlace(before) };
}

function parsePlace(value: unknown): EpisodePlace {
  const [kindText, numberText = '', ...rest] = String(value).split('-');
  const kind = EPISODE_KINDS.find((each) => each === kindText);
  const number = parseEpisodeNumber(numberText);
  if (!kind || number === undefined || rest.length > 0)
    throw new ClientError(400, 'This link to further episodes is damaged.');
  return { kind, number };
}

/** What `views/partials/episode-pager.ejs` shows; undefined where all episodes are on one page. */
function pagerView(slug: string, part: EpisodesPart, { episodes, hasPrevious, hasNext }: EpisodesPage) {
  const [first, last] = [episodes.at(0), episodes.at(-1)];
  if (!first || !last || (part === 'first' && !hasNext)) return undefined;
  const path = seriesPath(slug);
  const place = ({ kind, number }: EpisodePlace) => `${kind}-${number}`;
  return {
    range: `${episodeLabel(first)} to ${episodeLabel(last)}`,
    firstUrl: path,
    previousUrl: hasPrevious ? `${path}?before=${place(first)}` : undefined,
    nextUrl: hasNext ? `${path}?after=${place(last)}` : undefined,
    lastUrl: `${path}?before=end`,
  };
}

/** Named one by one as long as that is short. */
const MAX_NAMED_REGIONS = 4;

function linkView({ title, url, regions = [] }: SeriesLink) {
  return {
    title,
    titleLanguage: guessLanguage(title, 'zh'),
    url,
    regionsText: regions.length > MAX_NAMED_REGIONS ? `${regions.length} regions` : regions.join(', '),
  };
}
