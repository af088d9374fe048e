import { type Request, Router } from 'express';
import {
  type LatestFilter,
  type LatestPage,
  type PageKey,
  readLatestPage,
  readSeasons,
} from '../../catalog/public-catalog';
import { SEASONS, SERIES_KINDS } from '../../catalog/series';
import { formatCursor } from '../../changes/change-event';
import { cardView, formatPageKey, KIND_LABELS, parsePageKey, seasonKey, seasonLabel } from '../card-view';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';

const PATH = '/episodes/latest';

/** The latest episodes: the page, and the grid alone for a client that was told to `reset`. */
export function latestRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  router.get('/', (_request, response) => response.redirect(PATH));

  router.get(PATH, async (request, response) => {
    const query = parseQuery(request);
    const [page, seasons] = await Promise.all([
      readLatestPage(catalog.db, query.filter, query.before),
      readSeasons(catalog.db),
    ]);
    response.set('Cache-Control', 'no-cache').render('pages/latest', {
      title: 'Latest episodes',
      grid: gridView(page, query),
      isFirstPage: query.before === undefined,
      firstPageUrl: latestUrl(query.filter),
      kinds: kindChoices(query.filter),
      seasons: seasons.map(({ year, season }) => ({
        value: seasonKey(year, season),
        label: seasonLabel(year, season),
        selected: query.filter.season?.year === year && query.filter.season.season === season,
      })),
      isFiltered: query.filter.kind !== undefined || query.filter.season !== undefined,
    });
  });

  router.get(`${PATH}/grid`, async (request, response) => {
    const query = parseQuery(request);
    const page = await readLatestPage(catalog.db, query.filter, query.before);
    response.set('Cache-Control', 'no-cache').render('partials/grid', { grid: gridView(page, query) });
  });

  return router;
}

type LatestQuery = { readonly filter: LatestFilter; readonly before: PageKey | undefined };

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

/** What `views/partials/grid.ejs` shows. */
function gridView(page: LatestPage, { filter, before }: LatestQuery) {
  const pageUrl = latestUrl(filter, before);
  return {
    cursor: formatCursor(page.cursor),
    cards: page.episodes.map((episode) => cardView(episode, page.cursor.seq)),
    isFirstPage: before === undefined,
    kind: filter.kind ?? '',
    season: filter.season ? seasonKey(filter.season.year, filter.season.season) : '',
    fragmentUrl: pageUrl.replace(PATH, `${PATH}/grid`),
    nextUrl: page.next && latestUrl(filter, page.next),
  };
}

function latestUrl(filter: LatestFilter, before?: PageKey): string {
  const query = new URLSearchParams();
  if (filter.kind) query.set('type', filter.kind);
  if (filter.season) query.set('season', seasonKey(filter.season.year, filter.season.season));
  if (before) query.set('before', formatPageKey(before));
  return query.size > 0 ? `${PATH}?${query}` : PATH;
}

function kindChoices(filter: LatestFilter) {
  return SERIES_KINDS.map((kind) => ({
    value: kind,
    label: KIND_LABELS[kind],
    selected: filter.kind === kind,
  }));
}
