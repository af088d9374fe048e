import type { Transaction } from '../platform/database';
import type { VideoServer, VideoServerInput } from './video-server';

/** Makes the episode's servers the ones given, in that order. Those that are known keep their id. */
export async function writeVideoServers(
  trx: Transaction,
  episodeId: string,
  current: readonly VideoServer[],
  wanted: readonly VideoServerInput[],
): Promise<void> {
  const known = new Set(current.map(({ id }) => id));
  const kept = new Set<string>();
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
    if (server.id && known.has(server.id) && !kept.has(server.id)) {
      kept.add(server.id);
      await trx('video_servers').where({ id: server.id, episode_id: episodeId }).update(columns);
    } else {
      await trx('video_servers').insert({ ...columns, episode_id: episodeId });
    }
  }
  const dropped = [...known].filter((id) => !kept.has(id));
  if (dropped.length > 0)
    await trx('video_servers').where({ episode_id: episodeId }).whereIn('id', dropped).delete();
}
