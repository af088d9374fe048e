import { Router } from 'express';
import { formatCursor } from '../../live/log/change';
import type { RenderedItems } from '../../live/rendered';
import { DIGEST_WINDOW } from '../../live/state/digest';
import { wireName } from '../../live/wire-topic';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import { ClientError } from '../../web/error-handler';
import { feedLinks } from '../../web/feed-links';
import { type FindLanguage, inLanguage } from '../../web/language';
import { type Words, wordsIn } from '../../web/words';
import { seriesPath } from '../series/fields';
import { findPublicSeries, type PublicSeries } from '../series/public';
import { EPISODE_KINDS, episodeLabel, parseEpisodeNumber } from './fields';
import type { SeriesEpisodesList } from './lists';
import {
  EPISODES_PAGE_SIZE,
  type EpisodePlace,
  type EpisodesOrder,
  type EpisodesPage,
  type EpisodesPart,
  episodePosition,
  findFirstEpisode,
  newestFirstPosition,
  newestFirstTopic,
  readEpisodesPage,
  seriesTopic,
} from './public';
import { seriesMeta } from './series-meta';
import { seriesView } from './series-view';

type SeriesPages = {
  readonly db: Database;
  readonly log: Logger;
  readonly items: RenderedItems;
  readonly lists: Readonly<Record<EpisodesOrder, SeriesEpisodesList>>;
  /** What `views/series/next.ejs` shows: what is to come of a series, as the schedule knows it. */
  readonly readNext: (series: PublicSeries, words: Words) => Promise<object>;
  readonly findLanguage: FindLanguage;
};

/** Which episodes of a series an address asks for, and in which order. */
type EpisodesQuery = { readonly order: EpisodesOrder; readonly part: EpisodesPart };

/** What differs between the orders. */
const ORDERS = {
  newest: {
    label: 'series.newestFirst',
    topicOf: newestFirstTopic,
    positionOf: newestFirstPosition,
    step: -1,
  },
  oldest: { label: 'series.oldestFirst', topicOf: seriesTopic, positionOf: episodePosition, step: 1 },
} as const;

/**
 * The page of one series, with its episodes a hundred at a time and what is to come; and the list of each alone, for a client that was
 * told to `reset`.
 */
export function seriesPageRoutes(parts: SeriesPages): Router {
  const { db, log, items, lists, readNext, findLanguage } = parts;
  const router = Router();
  const readList = async (series: PublicSeries, query: EpisodesQuery, words: Words) => {
    const page = await readEpisodesPage(db, series.seriesId, query.part, { order: query.order });
    const rows = items.inPage(
      { list: lists[query.order], language: words.language },
      page.episodes,
      page.cursor.seq,
      (error, message) => log.error({ err: error }, message),
    );
    return listView(series, query, { page, items: rows, words });
  };

  router.get('/series/:slug/episodes', async (request, response) => {
    const series = await findPublicSeries(db, request.params.slug);
    if (!series) throw new ClientError(404, { key: 'error.noSeries' });
    const list = await readList(series, parseQuery(request.query), wordsIn(findLanguage(request)));
    response.set('Cache-Control', 'no-cache').render('series/episodes', { list });
  });

  router.get('/series/:slug/next', async (request, response) => {
    const series = await findPublicSeries(db, request.params.slug);
    if (!series) throw new ClientError(404, { key: 'error.noSeries' });
    const next = await readNext(series, wordsIn(findLanguage(request)));
    response.set('Cache-Control', 'no-cache').render('series/next', { next });
  });

  router.get('/series/:slug', async (request, response) => {
    const series = await findPublicSeries(db, request.params.slug);
    if (!series) throw new ClientError(404, { key: 'error.noSeries' });
    const words = wordsIn(findLanguage(request));
    const [list, first, next] = await Promise.all([
      readList(series, parseQuery(request.query), words),
      findFirstEpisode(db, series.seriesId),
      readNext(series, words),
    ]);
    response.set('Cache-Control', 'no-cache').render('series/page', {
      title: series.title,
      titleLanguage: series.titleLanguage,
      feeds: feedLinks(words, { title: series.title, folder: seriesPath(series.slug) }),
      meta: seriesMeta(series, words),
      series: seriesView(series, first, words),
      list,
      next,
    });
  });

  return router;
}

type ShownPage = {
  readonly page: EpisodesPage;
  readonly items: readonly { readonly html: string }[];
  readonly words: Words;
};

/** What `views/series/episodes.ejs` shows, and what stands around it. */
function listView({ seriesId, slug }: PublicSeries, query: EpisodesQuery, { page, items, words }: ShownPage) {
  const { part, order } = query;
  const asked = typeof part === 'object' && 'from' in part ? part.from : undefined;
  const first = page.episodes.at(0);
  const isFound = asked?.kind === first?.kind && asked?.number === first?.number;
  return {
    topic: wireName(ORDERS[order].topicOf(seriesId), words.language),
    window: DIGEST_WINDOW,
    size: EPISODES_PAGE_SIZE,
    cursor: formatCursor(page.cursor),
    items,
    ...boundsOf(query, page),
    fragmentUrl: inLanguage(addressOf(`${seriesPath(slug)}/episodes`, query), words.language),
    isFirstPage: part === 'first',
    path: seriesPath(slug),
    order,
    firstUrl: addressOf(seriesPath(slug), { order, part: 'first' }),
    orders: Object.entries(ORDERS).map(([name, { label }]) => ({
      label: words.t(label),
      isCurrent: name === order,
      // Of the names of ORDERS.
      url: addressOf(seriesPath(slug), { order: name as EpisodesOrder, part: 'first' }),
    })),
    asked: asked && placeText(asked),
    missing:
      asked && !isFound ? words.t('series.missing', { episode: episodeLabel(asked, words) }) : undefined,
    pager: pagerView(slug, query, { page, words }),
  };
}

/** Between which positions, exclusive, an episode belongs on the page. */
function boundsOf({ order, part }: EpisodesQuery, { episodes, hasPrevious }: EpisodesPage) {
  const { positionOf, step } = ORDERS[order];
  // Finer than any number of an episode.
  const justBefore = ({ kind, number }: EpisodePlace) =>
    positionOf({ kind, number: String(Number(number) - step * 0.001) });
  if (part === 'first' || part === 'last') {
    const first = episodes.at(0);
    return { after: hasPrevious && first ? justBefore(first) : undefined, before: undefined };
  }
  if ('after' in part) return { after: positionOf(part.after), before: undefined };
  if ('from' in part) return { after: justBefore(part.from), before: undefined };
  const first = episodes.at(0);
  return { after: hasPrevious && first ? justBefore(first) : undefined, before: positionOf(part.before) };
}

/** The one way in which the site writes the address of a part. */
function addressOf(path: string, { order, part }: EpisodesQuery): string {
  const query = new URLSearchParams(order === 'oldest' ? { order } : {});
  if (part === 'last') query.set('before', 'end');
  if (typeof part === 'object')
    for (const [name, place] of Object.entries(part)) query.set(name, placeText(place));
  return query.size > 0 ? `${path}?${query}` : path;
}

/** `regular-100` */
function placeText({ kind, number }: EpisodePlace): string {
  return `${kind}-${number}`;
}

/**
 * `?after=regular-100`, `?before=special-1`, `?before=end`, `?from=regular-12.5`; or a position, `?after=0-100`, as a live page writes
 * it; or as somebody types it, `?from=12.5` or `?from=special 2`. With `order=oldest`, or newest first.
 */
function parseQuery({ order, from, after, before }: Readonly<Record<string, unknown>>): EpisodesQuery {
  if (order !== undefined && order !== 'oldest' && order !== 'newest')
    throw new ClientError(400, 'The order of episodes is newest or oldest.');
  return { order: order ?? 'newest', part: parsePart({ from, after, before }) };
}

function parsePart({ from, after, before }: Readonly<Record<string, unknown>>): EpisodesPart {
  if (from !== undefined && from !== '') return { from: parseTyped(String(from)) };
  if (after !== undefined) return { after: parsePlace(after) };
  if (before === undefined) return 'first';
  return before === 'end' ? 'last' : { before: parsePlace(before) };
}

/** A number alone is that of a regular episode. */
function parseTyped(text: string): EpisodePlace {
  const [, word = '', typed = ''] = /^([a-z]*)[\s#-]*([0-9.,]+)$/i.exec(text.normalize('NFKC').trim()) ?? [];
  const number = parseEpisodeNumber(typed.replace(',', '.'));
  const kind = WORDS[word.toLowerCase()];
  if (!kind || number === undefined)
    throw new ClientError(400, { key: 'error.episodeNumber', values: { text: text.slice(0, 40) } });
  return { kind, number };
}

const WORDS: Readonly<Record<string, EpisodePlace['kind']>> = {
  '': 'regular',
  e: 'regular',
  ep: 'regular',
  episode: 'regular',
  regular: 'regular',
  s: 'special',
  sp: 'special',
  special: 'special',
};

function parsePlace(value: unknown): EpisodePlace {
  // In an order that goes down the numbers of positions are negative.
  const [, kindText, numberText = ''] = /^([a-z]+|[0-9])--?([^-]*)$/.exec(String(value)) ?? [];
  const kind = EPISODE_KINDS.find((each, index) => each === kindText || String(index) === kindText);
  const number = parseEpisodeNumber(numberText);
  if (!kind || number === undefined) throw new ClientError(400, { key: 'error.damagedEpisodes' });
  return { kind, number };
}

/** What `views/series/episode-pager.ejs` shows; undefined where all episodes are on one page. */
function pagerView(
  slug: string,
  { order, part }: EpisodesQuery,
  { page: { episodes, hasPrevious, hasNext }, words }: Pick<ShownPage, 'page' | 'words'>,
) {
  const [first, last] = [episodes.at(0), episodes.at(-1)];
  if (!first || !last || (part === 'first' && !hasNext)) return undefined;
  const url = (other: EpisodesPart): string => addressOf(seriesPath(slug), { order, part: other });
  return {
    range: words.t('series.range', {
      first: episodeLabel(first, words),
      last: episodeLabel(last, words),
    }),
    firstUrl: url('first'),
    previousUrl: hasPrevious ? url({ before: first }) : undefined,
    nextUrl: hasNext ? url({ after: last }) : undefined,
    lastUrl: url('last'),
  };
}
