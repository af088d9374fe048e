import { Router } from 'express';
import { listedDays } from '../../catalog/japanese-day';
import { findPublicSeries, listPublicEpisodesOfSeries, type PublicSeries } from '../../catalog/public-series';
import { guessLanguage, type SeriesLink } from '../../catalog/series';
import { cardView, dayView, KIND_LABELS, posterUrl, seasonKey, seasonLabel } from '../card-view';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';

/** The page of one series with all its episodes. */
export function seriesRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  router.get('/series/:slug', async (request, response) => {
    const series = await findPublicSeries(catalog.db, request.params.slug);
    if (!series) throw new ClientError(404, 'There is no series at this address.');
    const episodes = await listPublicEpisodesOfSeries(catalog.db, series.seriesId);
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
      cards: episodes.map((episode) => cardView(episode, 0)),
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
