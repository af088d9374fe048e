import { pick } from '../../web/fields';
import type { Planned } from './bulk-plan';
import { EPISODE_FIELDS, type Episode, type EpisodeInput, episodeSchema } from './fields';
import { createEpisode, deleteEpisode, updateEpisode } from './repository';
import { videoServersSchema } from './video-server';
import type { Actor, WriteContext } from './write';

type Saved = {
  readonly line: number;
  /** `12` for an episode that was made, `12.34.35` for servers that were added to one. */
  readonly undo: string;
};

/** Saves what was planned, each by itself: what can't be saved stops no other. */
export async function saveReleases(
  catalog: WriteContext,
  actor: Actor,
  chosen: readonly Planned[],
  status: 'published' | 'draft' | 'hidden',
): Promise<{
  readonly saved: readonly Saved[];
  readonly notSaved: readonly { readonly line: number; readonly why: string }[];
}> {
  const saved: Saved[] = [];
  const notSaved: { readonly line: number; readonly why: string }[] = [];
  for (const planned of chosen) {
    const { line } = planned.release;
    const result = await saveOne(catalog, actor, planned, status);
    if ('undo' in result) saved.push({ line, ...result });
    else notSaved.push({ line, ...result });
  }
  return { saved, notSaved };
}

async function saveOne(
  catalog: WriteContext,
  actor: Actor,
  planned: Planned,
  status: 'published' | 'draft' | 'hidden',
): Promise<{ readonly undo: string } | { readonly why: string }> {
  if (planned.state === 'new' && planned.series) {
    const { release, number, servers } = planned;
    const input = episodeSchema.parse({ number, kind: release.kind, status, videoServers: servers });
    const result = await createEpisode(catalog, actor, planned.series.id, input);
    if (result.outcome === 'saved') return { undo: result.episode.id };
    return { why: result.outcome === 'number-taken' ? 'it was just posted' : 'its series is gone' };
  }
  if (planned.state !== 'adds') return { why: 'there is nothing to save' };
  const before = new Set<string>();
  const result = await updateEpisode<string>(catalog, actor, planned.episode.id, (current) => {
    for (const { id } of current.videoServers) before.add(id);
    const missing = planned.servers.filter(
      ({ url }) => !current.videoServers.some((each) => each.url === url),
    );
    const all = videoServersSchema.safeParse([...current.videoServers, ...missing]);
    if (!all.success) return { problem: all.error.issues[0]?.message ?? 'it can’t have more servers' };
    return { ...inputOf(current), videoServers: all.data };
  });
  if (result.outcome === 'refused') return { why: result.problem };
  if (result.outcome !== 'saved') return { why: 'it was just deleted' };
  const added = result.episode.videoServers.filter(({ id }) => !before.has(id));
  return { undo: [result.episode.id, ...added.map(({ id }) => id)].join('.') };
}

/** Takes a saved list back. Returns how many of its episodes could be. */
export async function undoReleases(
  catalog: WriteContext,
  actor: Actor,
  releases: readonly { readonly episodeId: string; readonly serverIds: readonly string[] }[],
): Promise<number> {
  let count = 0;
  for (const { episodeId, serverIds } of releases) {
    const result =
      serverIds.length === 0
        ? await deleteEpisode(catalog, actor, episodeId)
        : await updateEpisode(catalog, actor, episodeId, (current) => ({
            ...inputOf(current),
            videoServers: current.videoServers.filter(({ id }) => !serverIds.includes(id)),
          }));
    if (result.outcome === 'deleted' || result.outcome === 'saved') count++;
  }
  return count;
}

/** What can be edited of it, as it is. */
function inputOf(episode: Episode): EpisodeInput {
  return { ...pick(EPISODE_FIELDS, episode), videoServers: [...episode.videoServers] };
}
