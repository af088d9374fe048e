import { type Request, Router } from 'express';
import { z } from 'zod';
import { revertMany } from '../../journal/revert';
import type { Database } from '../../platform/database';
import { parseSearch } from '../../web/addresses';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { databaseId } from '../../web/input';
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
import { findSeries } from '../series/public';
import { searchSeries } from '../titles/public';
import { actOnMany, type ManyAction } from './act-on-many';
import { moveUrl } from './admin-move';
import { EPISODE_STATUSES, type Episode, episodeLabel } from './fields';
import {
  countEpisodes,
  EPISODE_ORDERS,
  type EpisodeOrder,
  type EpisodeSearch,
  ORDERS,
  searchEpisodes,
} from './list-repository';
import { parseReleaseList } from './release-list';
import { revertEpisodeAct } from './revert';
import type { WriteContext } from './write';

const PATH = '/admin/episodes';
const PAGE_SIZE = 50;
/** A title that ends in a number is meant only where it is that title. */
const WHOLE_TITLE = 0.97;
/** So many series one search may mean. */
const MAX_SERIES = 50;

/** The list of the episodes, of all series or of one, and what is done to several of them at once. */
export function episodeListRoutes({ catalog }: { readonly catalog: WriteContext }): Router {
  const router = Router();

  router.get('/episodes', async (request, response) => {
    const asked = parseAsked(request);
    const search = await searchOf(catalog.db, asked);
    const { from, order } = asked;
    const isReversed = asked.reversed !== undefined;
    const [rows, counts, series] = await Promise.all([
      searchEpisodes(catalog.db, search, { order, isReversed, from, limit: PAGE_SIZE + 1 }),
      countEpisodes(catalog.db, search),
      asked.seriesId ? findSeries(catalog.db, asked.seriesId) : undefined,
    ]);
    const { shown, before, after } = cutPage(rows, PAGE_SIZE, from);
    const url = (more: Asked): string => urlOf({ ...asked, ...more });
    response.render('episodes/admin-list', {
      title: 'Episodes',
      series,
      q: asked.q ?? '',
      order,
      isReversed,
      servers: asked.servers ?? '',
      orders: EPISODE_ORDERS.map((value) => ({ value, label: ORDER_LABELS[value] })),
      sorted: sortedBy(asked),
      statuses: statusTabs(asked, counts),
      status: asked.status ?? '',
      isFiltered: asked.q !== undefined || asked.servers !== undefined,
      rows: shown.map(({ episode }) => episodeRow(episode)),
      address: request.originalUrl,
      firstUrl: urlOf(asked),
      previousUrl: before && url({ before }),
      nextUrl: after && url({ after }),
      isFirstPage: !before,
    });
  });

  router.post('/episodes/act', async (request, response) => {
    const back = listAddress(PATH, textOf(request.body, 'back'));
    const ids = tickedIds(request.body, 'episode', PAGE_SIZE);
    const isMove = textOf(request.body, 'action') === 'move';
    const action = isMove ? undefined : parseAction(request.body);
    if (!action && !isMove) throw new ClientError(400, 'There is no such action.');
    if (ids.length === 0) {
      request.session.notice = { text: 'No episode was ticked: nothing was changed.' };
      return redirectWithSession(request, response, back);
    }
    if (!action) return response.redirect(303, moveUrl(ids, back));
    const { count, acts, gone } = await actOnMany(catalog, adminActor(response), ids, action);
    const text = `${countText(count)} ${saidOf(action)}.`;
    const rest = gone > 0 ? ` ${countText(gone)} had been deleted meanwhile.` : '';
    if (acts.length > 0) offerUndo(request, { text: text + rest, undo: undoUrl(PATH, acts) });
    else request.session.notice = { text: `Nothing had to be changed.${rest}` };
    await redirectWithSession(request, response, back);
  });

  router.post('/episodes/undo', async (request, response) => {
    const actor = adminActor(response);
    const { count, problems } = await revertMany(catalog.db, parseActs(request.query), (entry) =>
      revertEpisodeAct(catalog, actor, entry),
    );
    forgetUndo(request, request.originalUrl);
    request.session.notice = { text: [`Taken back: ${countText(count)}.`, ...problems].join(' ') };
    await redirectWithSession(request, response, PATH);
  });

  return router;
}

const ORDER_LABELS: Readonly<Record<EpisodeOrder, string>> = {
  added: 'Added',
  published: 'Published',
  due: 'Due',
  edited: 'Edited',
  number: 'Number',
  series: 'Series',
};

const ASKED = z.object({
  seriesId: databaseId.optional(),
  status: z.enum(EPISODE_STATUSES).optional(),
  servers: z.enum(['off', 'failing']).optional(),
  order: z.enum(EPISODE_ORDERS).default('added'),
  reversed: z.enum(['1']).optional(),
  ...LIST_FROM,
});

/** Parameters of a list's address. */
type Asked = { readonly [name: string]: unknown };

function parseAsked(request: Request) {
  const { q, ...query } = request.query;
  const asked = parseListed(query, ASKED, { of: 'episodes', orders: ORDERS, initial: 'added' });
  return { ...asked, q: parseSearch(q) || undefined };
}

function urlOf({ order, ...asked }: Asked): string {
  const names = ['seriesId', 'q', 'status', 'servers', 'order', 'reversed', 'after', 'before'];
  return listUrl(PATH, names, { ...asked, order: order === 'added' ? undefined : order });
}

/** What was typed is a title, a title with a number, or a number alone. */
async function searchOf(
  db: Database,
  {
    seriesId,
    status,
    servers,
    q,
  }: Pick<ReturnType<typeof parseAsked>, 'seriesId' | 'status' | 'servers' | 'q'>,
): Promise<EpisodeSearch> {
  if (q === undefined) return { seriesId, status, servers };
  const find = async (title: string, minLikeness: number): Promise<readonly string[]> =>
    (await searchSeries(db, title, { limit: MAX_SERIES, withHidden: true }))
      .filter(({ likeness }) => likeness >= minLikeness)
      .map((match) => match.seriesId);
  const [release] = parseReleaseList(q);
  const number = release?.number;
  const title = release?.title ?? '';
  const numbered =
    number === undefined ? undefined : { number, seriesIds: title === '' ? undefined : await find(title, 0) };
  return {
    seriesId,
    status,
    servers,
    words: { text: q, seriesIds: await find(q, numbered ? WHOLE_TITLE : 0), numbered },
  };
}

function sortedBy(asked: Asked) {
  return Object.fromEntries(
    EPISODE_ORDERS.map((order) => {
      const isCurrent = asked.order === order;
      const reversed = isCurrent && asked.reversed === undefined ? '1' : undefined;
      return [order, { isCurrent, url: urlOf({ ...asked, order, reversed }) }];
    }),
  );
}

function statusTabs(asked: Asked, counts: ReadonlyMap<string, number>) {
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [
    {
      label: 'All',
      count: all,
      isCurrent: asked.status === undefined,
      url: urlOf({ ...asked, status: undefined }),
    },
    ...EPISODE_STATUSES.map((status) => ({
      label: status.charAt(0).toUpperCase() + status.slice(1),
      count: counts.get(status) ?? 0,
      isCurrent: asked.status === status,
      // Who looks at what is scheduled wants to know what comes next.
      url: urlOf({
        ...asked,
        status,
        ...(status === 'scheduled' && { order: 'due', reversed: undefined }),
      }),
    })),
  ];
}

function parseAction(body: unknown): ManyAction | undefined {
  const name = textOf(body, 'server').trim() || undefined;
  switch (textOf(body, 'action')) {
    case 'publish':
      return { type: 'publish' };
    case 'hide':
      return { type: 'hide' };
    case 'delete':
      return { type: 'delete' };
    case 'servers-on':
      return { type: 'switch-servers', name, enabled: true };
    case 'servers-off':
      return { type: 'switch-servers', name, enabled: false };
    default:
      return undefined;
  }
}

/** What became of them, in words that follow their number. */
function saidOf(action: ManyAction): string {
  switch (action.type) {
    case 'publish':
      return 'published';
    case 'hide':
      return 'hidden';
    case 'delete':
      return 'deleted';
    case 'switch-servers': {
      const servers = action.name === undefined ? 'all servers' : `the server ${action.name}`;
      return `with ${servers} switched ${action.enabled ? 'on' : 'off'}`;
    }
    default:
      return action satisfies never;
  }
}

function countText(count: number): string {
  return count === 1 ? '1 episode' : `${count} episodes`;
}

function episodeRow(episode: Episode) {
  return {
    id: episode.id,
    label: episodeLabel(episode, ENGLISH),
    title: episode.title,
    seriesTitle: episode.seriesTitle,
    seriesTitleLanguage: episode.seriesTitleLanguage,
    seriesUrl: `/admin/episodes?seriesId=${episode.seriesId}`,
    status: episode.status,
    publishedAt: episode.publishedAt,
    dueAt: episode.status === 'scheduled' ? episode.publishAt : null,
    serversText: `${episode.videoServers.filter(({ enabled }) => enabled).length} of ${episode.videoServers.length}`,
    nextUrl: `/admin/series/${episode.seriesId}/episodes/new?after=${episode.id}`,
    editUrl: `/admin/episodes/${episode.id}/edit`,
    deleteUrl: `/admin/episodes/${episode.id}/delete`,
  };
}
