import type { Transaction } from '../../platform/database';
import { toColumns } from '../../web/fields';
import { sameServer, VIDEO_SERVER_FIELDS, type VideoServer, type VideoServerInput } from './video-server';

/**
 * Makes the episode's servers the ones given, in that order; those with an id are there already. What is as it was is not written.
 * Returns them with their ids.
 */
export async function writeVideoServers(
  trx: Transaction,
  episodeId: string,
  current: readonly VideoServer[],
  wanted: readonly VideoServerInput[],
): Promise<readonly VideoServer[]> {
  const rows = wanted.map((server, position) => ({ ...toColumns(VIDEO_SERVER_FIELDS, server), position }));
  for (const [position, server] of wanted.entries()) {
    const known = current[position];
    const isKept = known !== undefined && server.id === known.id && sameServer(known, server);
    if (server.id === undefined || isKept) continue;
    await trx('video_servers').where({ id: server.id, episode_id: episodeId }).update(rows[position]);
  }
  const added = rows.filter((_, position) => wanted[position]?.id === undefined);
  const ids: { id: string; position: number }[] =
    added.length === 0
      ? []
      : await trx('video_servers')
          .insert(added.map((row) => ({ ...row, episode_id: episodeId })))
          .returning(['id', 'position']);
  const kept = new Set(wanted.map(({ id }) => id));
  const dropped = current.map(({ id }) => id).filter((id) => !kept.has(id));
  if (dropped.length > 0)
    await trx('video_servers').where({ episode_id: episodeId }).whereIn('id', dropped).delete();
  const idAt = new Map(ids.map(({ id, position }) => [position, id]));
  return wanted.map((server, position) => {
    const id = server.id ?? idAt.get(position);
    if (id === undefined) throw new Error('The insert of a video server returned no row.');
    return { ...server, id };
  });
}
