import { type Request, Router } from 'express';
import { z } from 'zod';
import { revertMany } from '../../journal/revert';
import { parseSearch } from '../../web/addresses';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import {
  cutPage,
  LIST_FROM,
  listAddress,
  listUrl,
  parseActs,
  parseListed,
  tickedIds,
  undoUrl,
} from '../../web/list-page';
import { forgetUndo, offerUndo } from '../../web/notice';
import { redirectWithSession } from '../../web/redirect';
import { ENGLISH } from '../../web/words';
import { adminActor } from '../accounts/public';
import type { WriteContext } from '../episodes/write';
import { searchSeries } from '../titles/public';
import { kindLabel, SERIES_KINDS, seasonLabel } from './fields';
import {
  countListedSeries,
  type ListedSeries,
  ORDERS,
  SERIES_ORDERS,
  type SeriesOrder,
  searchListedSeries,
} from './list-repository';
import { revertSeriesAct } from './revert';
import { showMany } from './show-many';

const PATH = '/admin/series';
const PAGE_SIZE = 50;
/** So many series one search may mean: they are on one page. */
const MAX_FOUND = PAGE_SIZE;

/** The list of the series, and what is done to several of them at once. */
export function seriesListRoutes({ catalog }: { readonly catalog: WriteContext }): Router {
  const router = Router();

  router.get('/series', async (request, response) => {
    const asked = parseAsked(request);
    const { from, order = 'added' } = asked;
    const isReversed = asked.reversed !== undefined;
    const found = asked.search && (await findByTitle(asked.search));
    const search = {
      kind: asked.kind,
      visible: asked.shown && asked.shown === 'yes',
      ids: found || undefined,
    };
    const [rows, counts] = await Promise.all([
      searchListedSeries(catalog.db, search, { order, isReversed, from, limit: PAGE_SIZE + 1 }),
      countListedSeries(catalog.db, search),
    ]);
    // What was searched for comes in the order of how well it fits, unless another one is asked for.
    const isByFit = found !== undefined && asked.order === undefined;
    const sorted = isByFit ? [...rows].sort((a, b) => found.indexOf(a.id) - found.indexOf(b.id)) : rows;
    const { shown, before, after } = cutPage(sorted, PAGE_SIZE, from);
    const url = (more: Asked): string => urlOf({ ...asked, ...more });
    response.render('series/admin-list', {
      title: 'Series',
      search: asked.search ?? '',
      isCut: found?.length === MAX_FOUND,
      kind: asked.kind ?? '',
      kinds: SERIES_KINDS.map((value) => ({ value, label: kindLabel(value, ENGLISH) })),
      order: isByFit ? '' : order,
      orders: SERIES_ORDERS.map((value) => ({ value, label: ORDER_LABELS[value] })),
      isReversed,
      sorted: sortedBy(asked),
      tabs: tabsOf(asked, counts),
      shown: asked.shown ?? '',
      isFiltered: [asked.search, asked.kind, asked.shown].some((each) => each !== undefined),
      rows: shown.map(seriesRow),
      address: request.originalUrl,
      // Who looks for a series to post an episode of goes on by Enter.
      isToPost: request.query.for === 'post',
      firstUrl: urlOf(asked),
      previousUrl: before && url({ before }),
      nextUrl: after && url({ after }),
      isFirstPage: !before,
    });
  });

  router.post('/series/act', async (request, response) => {
    const visible = VISIBLE_AFTER[textOf(request.body, 'action')];
    if (visible === undefined) throw new ClientError(400, 'There is no such action.');
    const ids = tickedIds(request.body, 'series', PAGE_SIZE);
    const { count, acts } = await showMany(catalog, adminActor(response), ids, visible);
    const text = `${countText(count)} ${visible ? 'shown on the site' : 'hidden'}.`;
    if (ids.length === 0) request.session.notice = { text: 'No series was ticked: nothing was changed.' };
    else if (acts.length === 0) request.session.notice = { text: 'Nothing had to be changed.' };
    else offerUndo(request, { text, undo: undoUrl(PATH, acts) });
    await redirectWithSession(request, response, listAddress(PATH, textOf(request.body, 'back')));
  });

  router.post('/series/undo', async (request, response) => {
    const actor = adminActor(response);
    const { count, problems } = await revertMany(catalog.db, parseActs(request.query), (entry) =>
      revertSeriesAct(catalog, actor, entry),
    );
    forgetUndo(request, request.originalUrl);
    request.session.notice = { text: [`Taken back: ${countText(count)}.`, ...problems].join(' ') };
    await redirectWithSession(request, response, PATH);
  });

  async function findByTitle(text: string): Promise<readonly string[]> {
    const matches = await searchSeries(catalog.db, text, { limit: MAX_FOUND, withHidden: true });
    return matches.map(({ seriesId }) => seriesId);
  }

  return router;
}

const ORDER_LABELS: Readonly<Record<SeriesOrder, string>> = {
  added: 'Added',
  title: 'Title',
  season: 'Season',
  posted: 'Last posted',
  episodes: 'Episodes',
  edited: 'Edited',
};

const VISIBLE_AFTER: Readonly<Record<string, boolean | undefined>> = { show: true, hide: false };

const ASKED = z.object({
  kind: z.enum(SERIES_KINDS).optional(),
  shown: z.enum(['yes', 'no']).optional(),
  order: z.enum(SERIES_ORDERS).optional(),
  reversed: z.enum(['1']).optional(),
  ...LIST_FROM,
});

/** Parameters of a list's address. */
type Asked = { readonly [name: string]: unknown };

function parseAsked(request: Request) {
  const { search, ...query } = request.query;
  const asked = parseListed(query, ASKED, { of: 'series', orders: ORDERS, initial: 'added' });
  return { ...asked, search: parseSearch(search) || undefined };
}

function urlOf(asked: Asked): string {
  return listUrl(PATH, ['search', 'kind', 'shown', 'order', 'reversed', 'after', 'before'], asked);
}

function sortedBy(asked: ReturnType<typeof parseAsked>) {
  return Object.fromEntries(
    SERIES_ORDERS.map((order) => {
      const isCurrent = asked.order === order;
      const isReversed = asked.reversed !== undefined;
      const isAscending = (ORDERS[order].first === 'asc') !== isReversed;
      const reversed = isCurrent && !isReversed ? '1' : undefined;
      return [order, { isCurrent, isAscending, url: urlOf({ ...asked, order, reversed }) }];
    }),
  );
}

function tabsOf(
  asked: ReturnType<typeof parseAsked>,
  { visible, hidden }: { readonly visible: number; readonly hidden: number },
) {
  const tab = (label: string, count: number, shown: 'yes' | 'no' | undefined) => ({
    label,
    count,
    isCurrent: asked.shown === shown,
    url: urlOf({ ...asked, shown }),
  });
  return [
    tab('All', visible + hidden, undefined),
    tab('On the site', visible, 'yes'),
    tab('Hidden', hidden, 'no'),
  ];
}

function countText(count: number): string {
  return `${count} series`;
}

function seriesRow(series: ListedSeries) {
  const { id, title, titleNative, season, seasonYear } = series;
  return {
    id,
    title,
    titleLanguage: series.titleLanguage,
    titleNative: titleNative === title ? null : titleNative,
    nativeLanguage: series.nativeLanguage ?? series.titleLanguage,
    kindLabel: kindLabel(series.kind, ENGLISH),
    seasonLabel: season && seasonYear ? seasonLabel(seasonYear, season, ENGLISH) : '',
    episodesText: series.episodeCount.toLocaleString('en'),
    // The day, in UTC.
    postedText: series.postedAt ? series.postedAt.toISOString().slice(0, 10) : '',
    visible: series.visible,
    editUrl: `/admin/series/${id}/edit`,
    episodesUrl: `/admin/episodes?seriesId=${id}`,
    newEpisodeUrl: `/admin/series/${id}/episodes/new`,
  };
}
