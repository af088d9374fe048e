import { type Application, type Request, Router } from 'express';
import {
  type LatestFilter,
  type LatestPage,
  type PageKey,
  readLatestPage,
  readSeasons,
} from '../../catalog/public-catalog';
import { SEASONS, SERIES_KINDS } from '../../catalog/series';
import { formatCursor } from '../../changes/change-event';
import { cardViews, formatPageKey, KIND_LABELS, parsePageKey, seasonKey, seasonLabel } from '../card-view';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';
import type { Shelf } from '../page-cache';

const PATH = '/episodes/latest';
const GRID_PATH = `${PATH}/grid`;

/**
 * The latest episodes: the page, and the grid alone for a client that was told to `reset`. Both are kept by the head's
 * number, so there must be nothing on them that can change without a change of a public episode.
 */
export function latestRoutes({ catalog, pages, log }: Dependencies): Router {
  const router = Router();
  const onError: OnError = (error, message) => log.error({ err: error }, message);

  router.get('/', (_request, response) => response.redirect(PATH));

  router.get(PATH, async (request, response) => {
    const query = parseQuery(request);
    await pages.answer(request, response, latestUrl(query), async () => {
      const page = await readLatestPage(catalog.db, query.filter, query.before);
      // Not before the page: seasons from before its cursor would be kept as if they were true at it.
      const seasons = await readSeasons(catalog.db);
      const html = await renderView(request.app, 'pages/latest', pageView(page, query, seasons, onError));
      return { cursor: page.cursor, html, shelf: shelfOf(page, query) };
    });
  });

  router.get(GRID_PATH, async (request, response) => {
    const query = parseQuery(request);
    await pages.answer(request, response, latestUrl(query, GRID_PATH), async () => {
      const page = await readLatestPage(catalog.db, query.filter, query.before);
      const html = await renderView(request.app, 'partials/grid', { grid: gridView(page, query, onError) });
      return { cursor: page.cursor, html, shelf: shelfOf(page, query) };
    });
  });

  return router;
}

function shelfOf({ episodes }: LatestPage, { before }: LatestQuery): Shelf | undefined {
  if (episodes.length === 0) return undefined;
  return before ? 'further' : 'first';
}

function renderView(app: Application, name: string, locals: object): Promise<string> {
  return new Promise((resolve, reject) => {
    app.render(name, locals, (error, html) => (error ? reject(error) : resolve(html)));
  });
}

type OnError = (error: unknown, message: string) => void;
type LatestQuery = { readonly filter: LatestFilter; readonly before?: PageKey | undefined };

function parseQuery(request: Request): LatestQuery {
  const { type, season, before } = request.query;
  return {
    filter: {
      ...(hasText(type) && { kind: parseKind(type) }),
      ...(hasText(season) && { season: parseSeason(season) }),
    },
    before: hasText(before) ? parseBefore(before) : undefined,
  };
}

/** An empty field of a form is sent as an empty value; it filters nothing. */
function hasText(value: unknown): boolean {
  return value !== undefined && value !== '';
}

function parseKind(value: unknown) {
  const kind = SERIES_KINDS.find((each) => each === value);
  if (!kind) throw new ClientError(400, `The type of a series is one of ${SERIES_KINDS.join(', ')}.`);
  return kind;
}

function parseSeason(value: unknown) {
  const [, year, name] = /^([12][0-9]{3})-([a-z]+)$/.exec(String(value)) ?? [];
  const season = SEASONS.find((each) => each === name);
  if (!year || !season) throw new ClientError(400, 'A season is a year and its quarter, such as 2026-fall.');
  return { year: Number(year), season };
}

function parseBefore(value: unknown) {
  const key = parsePageKey(String(value));
  if (!key) throw new ClientError(400, 'This link to a further page is damaged.');
  return key;
}

/** What `views/pages/latest.ejs` shows. */
function pageView(
  page: LatestPage,
  query: LatestQuery,
  seasons: Awaited<ReturnType<typeof readSeasons>>,
  onError: OnError,
) {
  const { filter, before } = query;
  return {
    title: 'Latest episodes',
    grid: gridView(page, query, onError),
    isFirstPage: before === undefined,
    firstPageUrl: latestUrl({ filter }),
    kinds: SERIES_KINDS.map((kind) => ({
      value: kind,
      label: KIND_LABELS[kind],
      selected: filter.kind === kind,
    })),
    seasons: seasons.map(({ year, season }) => ({
      value: seasonKey(year, season),
      label: seasonLabel(year, season),
      selected: filter.season?.year === year && filter.season.season === season,
    })),
    isFiltered: filter.kind !== undefined || filter.season !== undefined,
  };
}

/** What `views/partials/grid.ejs` shows. */
function gridView(page: LatestPage, query: LatestQuery, onError: OnError) {
  const { filter, before } = query;
  return {
    cursor: formatCursor(page.cursor),
    cards: cardViews(page.episodes, page.cursor.seq, onError),
    isFirstPage: before === undefined,
    kind: filter.kind ?? '',
    season: filter.season ? seasonKey(filter.season.year, filter.season.season) : '',
    fragmentUrl: latestUrl(query, GRID_PATH),
    nextUrl: page.next && latestUrl({ filter, before: page.next }),
  };
}

/** The one way in which the site writes the address of a page. */
function latestUrl({ filter, before }: LatestQuery, path = PATH): string {
  const query = new URLSearchParams();
  if (filter.kind) query.set('type', filter.kind);
  if (filter.season) query.set('season', seasonKey(filter.season.year, filter.season.season));
  if (before) query.set('before', formatPageKey(before));
  return query.size > 0 ? `${path}?${query}` : path;
}
