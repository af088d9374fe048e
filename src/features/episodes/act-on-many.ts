import { findLastAct } from '../../journal/journal';
import { pick } from '../../web/fields';
import { EPISODE_FIELDS, type Episode, type EpisodeInput } from './fields';
import { deleteEpisode, updateEpisode } from './repository';
import type { Actor, WriteContext } from './write';

/** What can be done to many episodes at once. `name` undefined: all of their servers. */
export type ManyAction =
  | { readonly type: 'publish' }
  | { readonly type: 'hide' }
  | { readonly type: 'delete' }
  | { readonly type: 'switch-servers'; readonly name: string | undefined; readonly enabled: boolean };

export type ManyOutcome = {
  /** How many are as they were wanted, changed or not. */
  readonly count: number;
  /** Ids of the journal's entries of what was changed, to take it back by. */
  readonly acts: readonly string[];
  /** Deleted by somebody else meanwhile. */
  readonly gone: number;
};

/** Does it to each of them by itself, in this order: one that can't be changed stops no other. */
export async function actOnMany(
  catalog: WriteContext,
  actor: Actor,
  episodeIds: readonly string[],
  action: ManyAction,
): Promise<ManyOutcome> {
  const acts: string[] = [];
  let [count, gone] = [0, 0];
  for (const id of episodeIds) {
    const changed = await actOnOne(catalog, actor, id, action);
    if (changed === undefined) {
      gone++;
      continue;
    }
    count++;
    if (!changed) continue;
    const act = await findLastAct(catalog.db, actor, { subjectKind: 'episode', subjectId: id });
    if (act) acts.push(act);
  }
  return { count, acts, gone };
}

/** Whether something was written; undefined where there is no such episode. */
async function actOnOne(
  catalog: WriteContext,
  actor: Actor,
  id: string,
  action: ManyAction,
): Promise<boolean | undefined> {
  if (action.type === 'delete') {
    const { outcome } = await deleteEpisode(catalog, actor, id);
    return outcome === 'deleted' ? true : undefined;
  }
  let before: number | undefined;
  const result = await updateEpisode(catalog, actor, id, (current) => {
    before = current.version;
    return changed(current, action);
  });
  return result.outcome === 'saved' ? result.episode.version !== before : undefined;
}

function changed(episode: Episode, action: Exclude<ManyAction, { type: 'delete' }>): EpisodeInput {
  const input = { ...pick(EPISODE_FIELDS, episode), videoServers: [...episode.videoServers] };
  switch (action.type) {
    case 'publish': {
      // What was to come then, comes now.
      const isToCome = episode.publishAt !== null && episode.publishAt.getTime() > Date.now();
      return { ...input, status: 'published', publishAt: isToCome ? null : episode.publishAt };
    }
    case 'hide':
      return { ...input, status: 'hidden' };
    case 'switch-servers': {
      const isMeant = (name: string): boolean => action.name === undefined || name === action.name;
      return {
        ...input,
        videoServers: input.videoServers.map((server) =>
          isMeant(server.name) ? { ...server, enabled: action.enabled } : server,
        ),
      };
    }
    default:
      return action satisfies never;
  }
}
