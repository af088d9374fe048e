import type { Database } from '../../platform/database';

/** Why an episode is not public. */
export const WHY_NOT_PUBLIC = ['deleted', 'not-published', 'series-hidden', 'no-server'] as const;
type WhyNotPublic = (typeof WHY_NOT_PUBLIC)[number];

/** Whether visitors see an episode, and every reason why they don't. */
export type Publicity = { readonly is: boolean; readonly why: readonly WhyNotPublic[] };

type Row = {
  readonly id: string;
  readonly is: boolean;
  readonly deleted: boolean;
  readonly published: boolean;
  readonly visible: boolean;
  readonly served: boolean;
};

/** The publicity of each of these episodes. Whether one is public says the view alone; the reasons are what the view asks for. */
export async function readPublicity(
  db: Database,
  episodeIds: readonly string[],
): Promise<ReadonlyMap<string, Publicity>> {
  if (episodeIds.length === 0) return new Map();
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select e.id::text, p.is is true as is, e.deleted_at is not null as deleted, e.status = 'published' as published, s.visible,
            exists (select from video_servers v where v.episode_id = e.id and v.enabled) as served
     from episodes e
     join series s on s.id = e.series_id
     left join lateral (select true as is from public_episodes where episode_id = e.id limit 1) p on true
     where e.id = any(?)`,
    [[...new Set(episodeIds)]],
  );
  return new Map(
    rows.map(({ id, is, deleted, published, visible, served }) => {
      const holds = {
        deleted,
        'not-published': !published,
        'series-hidden': !visible,
        'no-server': !served,
      };
      return [id, { is, why: is ? [] : WHY_NOT_PUBLIC.filter((reason) => holds[reason]) }];
    }),
  );
}
