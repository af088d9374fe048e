import type { Database } from '../../platform/database';
import { type ListOrders, type ListPage, type ListPlace, listPage } from '../../web/list-page';
import { HAS_FAILING_SERVER } from '../server-checks/public';
import type { Episode, EpisodeStatus } from './fields';
import { type EpisodeRow, selectEpisodes, toEpisode } from './queries';

/** As SQL of an episode `e` and its series `s`. */
export const ORDERS = {
  added: { by: 'e.id', type: 'bigint', first: 'desc' },
  published: { by: `coalesce(e.published_at, '-infinity')`, type: 'timestamptz', first: 'desc' },
  due: { by: `coalesce(e.publish_at, 'infinity')`, type: 'timestamptz', first: 'asc' },
  edited: { by: 'e.updated_at', type: 'timestamptz', first: 'desc' },
  number: { by: 'e.number', type: 'numeric', first: 'asc' },
  series: { by: 'lower(s.title)', type: 'text', first: 'asc' },
} as const satisfies ListOrders;
export type EpisodeOrder = keyof typeof ORDERS;
export const EPISODE_ORDERS: readonly EpisodeOrder[] = [
  'added',
  'published',
  'due',
  'edited',
  'number',
  'series',
];

/** Which episodes somebody looks for. */
export type EpisodeSearch = {
  readonly seriesId?: string | undefined;
  readonly status?: EpisodeStatus | undefined;
  /** `off`: those that nobody can watch, since they have no server that is switched on; `failing`: one did not answer when it was checked. */
  readonly servers?: 'off' | 'failing' | undefined;
  /** Of any of these series, of one of those with that number, or with that text in their own title. */
  readonly words?:
    | {
        readonly text: string;
        readonly seriesIds: readonly string[];
        readonly numbered?:
          | { readonly seriesIds: readonly string[] | undefined; readonly number: string }
          | undefined;
      }
    | undefined;
};

/** One page of a list of episodes, deleted ones apart, with the place of each. Sorting reads all that match: thousands, not millions. */
export async function searchEpisodes(
  db: Database,
  search: EpisodeSearch,
  page: ListPage<EpisodeOrder>,
): Promise<readonly { readonly episode: Episode; readonly place: ListPlace }[]> {
  const matched = matching(db, search).modify((query) => {
    // Only where it is sorted by: all that match would be joined with their series before the first page of them is cut.
    if (page.order === 'series') query.join('series as s', 's.id', 'e.series_id');
  });
  const { listed, sorting, inOrder } = listPage(matched, 'e.id', ORDERS, page);
  const episode = selectEpisodes(db).where('e.id', db.ref('listed.id')).limit(1).toSQL();
  const rows: (EpisodeRow & { readonly place: string })[] = await db
    .from(listed)
    .joinRaw(`cross join lateral (${episode.sql}) as episode`, [...episode.bindings])
    .select('episode.*', 'listed.place')
    .orderByRaw(sorting);
  return inOrder(rows).map((row) => ({ episode: toEpisode(row), place: { value: row.place, id: row.id } }));
}

/** How many there are of each status; those that the search asks for, of every status. */
export async function countEpisodes(
  db: Database,
  search: EpisodeSearch,
): Promise<ReadonlyMap<EpisodeStatus, number>> {
  const rows: { readonly status: EpisodeStatus; readonly count: string }[] = await matching(db, {
    ...search,
    status: undefined,
  })
    .select('e.status')
    .count({ count: '*' })
    .groupBy('e.status');
  return new Map(rows.map(({ status, count }) => [status, Number(count)]));
}

function matching(db: Database, { seriesId, status, servers, words }: EpisodeSearch) {
  return db('episodes as e')
    .whereNull('e.deleted_at')
    .modify((query) => {
      if (seriesId) query.where('e.series_id', seriesId);
      if (status) query.where('e.status', status);
      if (servers === 'off')
        query.whereRaw('not exists (select from video_servers v where v.episode_id = e.id and v.enabled)');
      if (servers === 'failing') query.whereRaw(HAS_FAILING_SERVER);
      if (!words) return;
      query.where((either) => {
        either.whereRaw('e.series_id = any(?)', [[...words.seriesIds]]);
        either.orWhereRaw('strpos(lower(e.title), lower(?)) > 0', [words.text]);
        const { numbered } = words;
        if (!numbered) return;
        either.orWhere((both) => {
          both.where('e.number', numbered.number);
          if (numbered.seriesIds) both.whereRaw('e.series_id = any(?)', [[...numbered.seriesIds]]);
        });
      });
    });
}
