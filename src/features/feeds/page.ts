import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Cursor } from '../../live/log/change';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { feedLanguage, feedQuery } from '../../web/feed-links';
import type { PageCache } from '../../web/page-cache';
import { parseParameters } from '../../web/parameters';
import type { FindOrigin } from '../../web/site-origin';
import { wordsIn } from '../../web/words';
import { type PublicEpisode, readNewestOfSeries, seriesTopic } from '../episodes/public';
import { findFollowList } from '../following/public';
import { readLatestPage } from '../latest/public';
import { kindLabel, SERIES_KINDS, seriesPath } from '../series/fields';
import { findPublicSeries } from '../series/public';
import { CONTENT_TYPES, type EpisodeFeed, FEED_FORMATS, type FeedFormat, writeFeed } from './feed';

/** Of a feed: who asks once a day misses none even in the week in which a season begins. */
const FEED_SIZE = 50;

const KIND_ERROR = `The type of a series is one of ${SERIES_KINDS.join(', ')}.`;
const PARAMETERS = { language: feedLanguage };
const SITE_PARAMETERS = { ...PARAMETERS, type: z.enum(SERIES_KINDS, KIND_ERROR).optional() };

type FeedPages = {
  readonly db: Database;
  readonly pages: PageCache;
  readonly findOrigin: FindOrigin;
};

type ReadFeed = Omit<EpisodeFeed, 'origin' | 'path' | 'episodes'> & {
  readonly topic: string;
  readonly read: () => Promise<{
    readonly cursor: Cursor;
    readonly episodes: readonly PublicEpisode[];
  }>;
};

/**
 * `/feed.atom`, `/feed.rss`, `/feed.json`: of the site, of one type (`?type=movie`), and of a series (`/series/frieren/feed.atom`).
 * Kept under the number of their list's last change, like the page of the latest episodes.
 */
export function feedRoutes({ db, pages, findOrigin }: FeedPages): Router {
  const router = Router();

  const answer = async (
    request: Request,
    response: Response,
    path: string,
    feed: ReadFeed,
  ): Promise<void> => {
    const format = formatOf(request);
    const { origin, isFixed } = findOrigin(request);
    // With an origin that the request has said the address begins with it: nobody gets what was made for another host.
    const url = isFixed ? path : `${origin}${path}`;
    await pages.answer(request, response, { url, topics: [feed.topic] }, async () => {
      const { cursor, episodes } = await feed.read();
      const { title, description, pagePath, words } = feed;
      const html = await writeFeed({ words, title, description, pagePath, origin, path, episodes }, format);
      const shelf = isFixed ? 'first' : 'further';
      return {
        cursor,
        html,
        contentType: CONTENT_TYPES[format],
        shelf: episodes.length > 0 ? shelf : undefined,
      };
    });
  };

  router.get('/feed.:format', async (request, response) => {
    const { type, language } = parseParameters(request, SITE_PARAMETERS);
    const words = wordsIn(language);
    const { t } = words;
    const path = `/feed.${formatOf(request)}${feedQuery({ type, language })}`;
    await answer(request, response, path, {
      words,
      title: type ? t('feed.latestOfKind', { kind: kindLabel(type, words) }) : t('feed.latest'),
      description: t('feed.latestText'),
      pagePath: `/episodes/latest${type ? `?type=${type}` : ''}`,
      topic: 'latest',
      read: () => readLatestPage(db, type ? { kind: type } : {}, { count: FEED_SIZE }),
    });
  });

  router.get('/series/:slug/feed.:format', async (request, response) => {
    const { language } = parseParameters(request, PARAMETERS);
    const words = wordsIn(language);
    const format = formatOf(request);
    const series = await findPublicSeries(db, request.params.slug);
    if (!series) throw new ClientError(404, { key: 'error.noSeries' });
    const pagePath = seriesPath(series.slug);
    await answer(request, response, `${pagePath}/feed.${format}${feedQuery({ language })}`, {
      words,
      title: `${series.title} – nipnime`,
      description: words.t('feed.seriesText', { series: series.title }),
      pagePath,
      topic: seriesTopic(series.seriesId),
      read: () => readNewestOfSeries(db, [series.seriesId], FEED_SIZE),
    });
  });

  // Of one list of followed series, for whoever has its token: in the query, which no log of ours keeps.
  router.get('/following/feed.atom', async (request, response) => {
    const { key, language } = parseParameters(request, { ...PARAMETERS, key: z.string() });
    const seriesIds = await findFollowList(db, key);
    if (!seriesIds) throw new ClientError(404, { key: 'error.noList' });
    const { episodes } = await readNewestOfSeries(db, seriesIds, FEED_SIZE);
    const words = wordsIn(language);
    const { t } = words;
    const path = `/following/feed.atom?key=${key}${feedQuery({ language }).replace('?', '&')}`;
    const { origin } = findOrigin(request);
    const said = { title: t('feed.followed'), description: t('feed.followedText'), pagePath: '/following' };
    const text = await writeFeed({ words, ...said, origin, path, episodes }, 'atom');
    // With an ETag of Express.
    response
      .set({ 'Cache-Control': 'private, no-cache', 'X-Robots-Tag': 'noindex' })
      .type(CONTENT_TYPES.atom)
      .send(text);
  });

  return router;
}

function formatOf({ params }: Request): FeedFormat {
  const format = FEED_FORMATS.find((each) => each === params.format);
  if (!format) throw new ClientError(404, `A feed ends in .${FEED_FORMATS.join(', .')}.`);
  return format;
}
