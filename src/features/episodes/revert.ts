import type { JournalEntry } from '../../journal/entry';
import { type RevertOutcome, refused } from '../../journal/revert';
import { pick } from '../../web/fields';
import { valuesBefore } from '../../web/values-before';
import { EPISODE_FIELDS, type Episode, type EpisodeInput, publicationProblem } from './fields';
import { deleteEpisode, moveEpisode, restoreEpisode, updateEpisode } from './repository';
import type { Actor, WriteContext } from './write';

const GONE = 'The episode is not there.';
const EXTERNAL_ID_TAKEN = 'The external id that it had belongs to another episode.';

/** Takes one act on an episode back. What was made goes into the trash, what was deleted comes back from there, what was moved moves back. */
export async function revertEpisodeAct(
  catalog: WriteContext,
  actor: Actor,
  { action, subjectId, changes, details }: JournalEntry,
): Promise<RevertOutcome> {
  if (subjectId === null) return refused(GONE);
  switch (action) {
    case 'episode.create':
    case 'episode.restore': {
      if (typeof details.movedFromId === 'string')
        return moveBack(catalog, actor, subjectId, details.movedFromId);
      const { outcome } = await deleteEpisode(catalog, actor, subjectId);
      return outcome === 'deleted' ? { outcome: 'reverted' } : refused(GONE);
    }
    case 'episode.delete': {
      const { outcome } = await restoreEpisode(catalog, actor, subjectId);
      if (outcome === 'saved') return { outcome: 'reverted' };
      if (outcome === 'external-id-taken') return refused(EXTERNAL_ID_TAKEN);
      return refused(
        outcome === 'number-taken'
          ? 'Its number was given to another episode: bring it back from the trash, with another number.'
          : 'It is not in the trash any more.',
      );
    }
    case 'episode.update': {
      const result = await updateEpisode<string>(catalog, actor, subjectId, (current) => {
        const before = valuesBefore(EPISODE_FIELDS, changes, inputOf(current));
        if ('problem' in before) return before;
        const problem = publicationProblem(before.values, current, new Date());
        return problem ? { problem: `${EPISODE_FIELDS.publishAt.label}: ${problem.message}` } : before.values;
      });
      if (result.outcome === 'saved') return { outcome: 'reverted' };
      if (result.outcome === 'refused') return refused(result.problem);
      if (result.outcome === 'external-id-taken') return refused(EXTERNAL_ID_TAKEN);
      return refused(
        result.outcome === 'number-taken' ? 'The number that it had belongs to another episode.' : GONE,
      );
    }
    default:
      return refused('That can’t be taken back.');
  }
}

/** The copy there, with what was changed of it since, and not the one in the trash. */
async function moveBack(
  catalog: WriteContext,
  actor: Actor,
  episodeId: string,
  seriesId: string,
): Promise<RevertOutcome> {
  const { outcome } = await moveEpisode(catalog, actor, episodeId, seriesId);
  if (outcome === 'saved') return { outcome: 'reverted' };
  return refused(
    outcome === 'number-taken' ? 'Its number is taken in the series that it was moved from.' : GONE,
  );
}

/** Acts of which `revertEpisodeAct` knows how to take them back. */
export const REVERTIBLE_EPISODE_ACTS = [
  'episode.create',
  'episode.restore',
  'episode.delete',
  'episode.update',
];

function inputOf(episode: Episode): EpisodeInput {
  return { ...pick(EPISODE_FIELDS, episode), videoServers: [...episode.videoServers] };
}
