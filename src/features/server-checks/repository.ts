import type { Database } from '../../platform/database';
import type { CheckedServer, ServerCheck } from './check';

/** A server whose turn it is. */
export type DueServer = CheckedServer & { readonly id: string };

/**
 * Servers that are switched on, of episodes that anybody can see, and that were not checked since; those that were not for the longest
 * time first.
 */
export async function findDueServers(
  db: Database,
  since: Date,
  limit: number,
): Promise<readonly DueServer[]> {
  const { rows } = await db.raw<{ rows: DueServer[] }>(
    `select v.id::text, v.url, v.kind
     from video_servers v
     left join server_checks c on c.video_server_id = v.id and c.url = v.url
     where v.enabled and v.url like 'http%'
       and exists (select from latest_episodes l where l.episode_id = v.episode_id)
       and (c.checked_at is null or c.checked_at < ?)
     order by c.checked_at nulls first, v.id
     limit ?`,
    [since, limit],
  );
  return rows;
}

/** Keeps what came of a check. Nothing is kept of a server that is gone by now, or has another address. */
export async function recordCheck(
  db: Database,
  { id, url }: DueServer,
  { state, text }: ServerCheck,
): Promise<void> {
  await db.raw(
    `insert into server_checks as c (video_server_id, url, state, said, failing_since)
     select id, url, ?, ?, case when ? then now() end from video_servers where id = ? and url = ?
     on conflict (video_server_id) do update
       set url = excluded.url, checked_at = now(), state = excluded.state, said = excluded.said,
           failing_since = case
             when excluded.failing_since is null then null
             when c.url = excluded.url then coalesce(c.failing_since, excluded.failing_since)
             else excluded.failing_since end`,
    [state, text, state === 'fails', id, url],
  );
}

/** A server of a public episode that did not answer when it was last checked. */
export type FailingServer = {
  readonly episodeId: string;
  readonly kind: 'regular' | 'special';
  /** Shortest decimal form: `12`, `12.5`. */
  readonly number: string;
  readonly seriesTitle: string;
  readonly seriesTitleLanguage: string;
  readonly serverName: string;
  /** What came of the check, as a sentence. */
  readonly said: string;
  readonly failingSince: Date;
};

/** As SQL of an episode `e`: whether one of its servers that are switched on failed when it was last checked. */
export const HAS_FAILING_SERVER = `exists (
  select from video_servers v join server_checks c on c.video_server_id = v.id and c.url = v.url
  where v.episode_id = e.id and v.enabled and c.state = 'fails')`;

/** Those that fail, the latest to fail first. */
export async function listFailingServers(db: Database, limit: number): Promise<readonly FailingServer[]> {
  const { rows } = await db.raw<{ rows: FailingServer[] }>(
    `select e.id::text as "episodeId", e.kind, trim_scale(e.number)::text as number, s.title as "seriesTitle",
            s.title_language as "seriesTitleLanguage", v.name as "serverName", c.said, c.failing_since as "failingSince"
     from server_checks c
     join video_servers v on v.id = c.video_server_id and v.url = c.url and v.enabled
     join episodes e on e.id = v.episode_id
     join series s on s.id = e.series_id
     where c.state = 'fails' and exists (select from latest_episodes l where l.episode_id = e.id)
     order by c.failing_since desc, c.video_server_id desc
     limit ?`,
    [limit],
  );
  return rows;
}
