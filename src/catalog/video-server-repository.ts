import type { Transaction } from '../platform/database';
import type { VideoServer, VideoServerInput } from './video-server';

/** Makes the episode's servers the ones given, in that order; those with an id are there already. */
export async function writeVideoServers(
  trx: Transaction,
  episodeId: string,
  current: readonly VideoServer[],
  wanted: readonly VideoServerInput[],
): Promise<void> {
  for (const [position, server] of wanted.entries()) {
    const columns = {
      name: server.name,
      kind: server.kind,
      url: server.url,
      audio_language: server.audioLanguage,
      subtitle_language: server.subtitleLanguage,
      enabled: server.enabled,
      position,
    };
    if (server.id === undefined) await trx('video_servers').insert({ ...columns, episode_id: episodeId });
    else await trx('video_servers').where({ id: server.id, episode_id: episodeId }).update(columns);
  }
  const kept = new Set(wanted.map(({ id }) => id));
  const dropped = current.map(({ id }) => id).filter((id) => !kept.has(id));
  if (dropped.length > 0)
    await trx('video_servers').where({ episode_id: episodeId }).whereIn('id', dropped).delete();
}
