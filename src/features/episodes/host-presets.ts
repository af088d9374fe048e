import type { Database } from '../../platform/database';
import { formOf } from '../../web/field-form';
import { columnNames, fromColumns, type RowOf } from '../../web/fields';
import type { HostPreset, HostPresets } from './browser/host-preset';
import { hostOf, kindOf } from './browser/server-lines';
import { VIDEO_SERVER_FIELDS } from './video-server';

/** Among so many servers, those that were added last, hosts are looked for: more are not needed by whoever posts day by day. */
const LOOKED_AT = 500;
const MAX_HOSTS = 30;

const COLUMNS = columnNames(VIDEO_SERVER_FIELDS).join(', ');

/**
 * What a new server at each of the hosts in use is given: what the last one there was, the first one of an episode that has several.
 * Hosts that nobody has used lately are not among them.
 */
export async function findHostPresets(db: Database): Promise<HostPresets> {
  const { rows } = await db.raw<{ rows: RowOf<typeof VIDEO_SERVER_FIELDS>[] }>(
    `select ${COLUMNS} from (
       select distinct on (split_part(v.url, '/', 3)) v.*
       from (select * from video_servers order by id desc limit ?) v
       join episodes e on e.id = v.episode_id
       where e.deleted_at is null and v.url like 'http%'
       order by split_part(v.url, '/', 3), v.episode_id desc, v.position, v.id
     ) last_of_host
     order by id desc
     limit ?`,
    [LOOKED_AT, MAX_HOSTS],
  );
  const presets = new Map<string, HostPreset>();
  for (const row of rows) {
    const server = fromColumns(VIDEO_SERVER_FIELDS, row);
    const { name, audioLanguage, subtitleLanguage, sandboxed } = formOf(VIDEO_SERVER_FIELDS, server);
    const kind = server.kind === kindOf(server.url) ? '' : server.kind;
    const host = hostOf(server.url);
    if (!presets.has(host)) presets.set(host, { name, kind, audioLanguage, subtitleLanguage, sandboxed });
  }
  return presets;
}
