import { z } from 'zod';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { answerShape, toAnswer } from '../../web/fields';
import { preconditionFailed } from '../../web/preconditions';
import { ENGLISH } from '../../web/words';
import type { Problem } from './api-input';
import { EPISODE_FIELDS, type Episode, episodeLabel, episodePath } from './fields';
import { type Publicity, readPublicity, WHY_NOT_PUBLIC } from './publicity';
import type { PutResult } from './put-repository';
import type { EpisodeWriteResult, Refused } from './repository';

/** As the API answers it. */
export const episodeAnswer = z.strictObject({
  id: z.string(),
  seriesId: z.string(),
  ...answerShape(EPISODE_FIELDS),
  public: z.strictObject({ is: z.boolean(), why: z.array(z.enum(WHY_NOT_PUBLIC)) }),
  publishedAt: z.iso.datetime().nullable(),
  deletedAt: z.iso.datetime().nullable(),
  version: z.int(),
  url: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

/**
 * The strong ETag of what the API says of an episode. What is told of its series is a part of that: its slug, and whether visitors
 * see it.
 */
export function episodeTag({
  version,
  seriesSlug,
  seriesVisible,
}: Pick<Episode, 'version' | 'seriesSlug' | 'seriesVisible'>): string {
  return `"${version}-${seriesSlug}${seriesVisible ? '' : '.hidden'}"`;
}

/** What the API says of these episodes, in their order. */
export async function readEpisodeAnswers(db: Database, episodes: readonly Episode[]) {
  const publicity = await readPublicity(
    db,
    episodes.map(({ id }) => id),
  );
  return episodes.map((episode) => toJson(episode, publicity.get(episode.id)));
}

/** @param publicity undefined for one that was purged since it was read */
function toJson(episode: Episode, publicity: Publicity = { is: false, why: ['deleted'] }) {
  const { id, seriesId, publishedAt, deletedAt, version, createdAt, updatedAt } = episode;
  return {
    id,
    seriesId,
    ...toAnswer(EPISODE_FIELDS, episode),
    public: publicity,
    publishedAt,
    deletedAt,
    version,
    url: episodePath(episode),
    createdAt,
    updatedAt,
  };
}

export function unknownEpisode(): ClientError {
  return new ClientError(404, 'There is no such episode.');
}

/** Why a write has not been done, as it is answered. */
export function refusalOf(
  result:
    | Exclude<PutResult<Problem>, { readonly episode: Episode }>
    | Exclude<EpisodeWriteResult, { readonly outcome: 'saved' }>
    | Refused<Problem>,
): ClientError {
  switch (result.outcome) {
    case 'not-found':
      return unknownEpisode();
    case 'refused':
      return problemRefusal(result.problem, result.current);
    case 'conflict':
      return versionRefusal(result.current);
    case 'number-taken':
      return new ClientError(409, `${episodeLabel(result.by, ENGLISH)} of this series exists already.`, [
        { field: 'number', message: `Is taken by the episode with the id ${result.by.id}.` },
      ]);
    case 'external-id-taken':
      return new ClientError(409, 'The external id is taken.', [
        { field: 'externalId', message: `Is taken by the episode with the id ${result.by.id}.` },
      ]);
    default:
      return result satisfies never;
  }
}

function problemRefusal(problem: Problem, current: Episode | undefined): ClientError {
  if (problem.type === 'fields') return new ClientError(422, 'Some fields are not right.', problem.errors);
  if (problem.type === 'version' && current) return versionRefusal(current);
  return preconditionFailed(current && episodeTag(current));
}

function versionRefusal({ version }: Episode): ClientError {
  return new ClientError(409, `The episode was changed meanwhile: it is at version ${version}.`, [
    { field: 'version', message: `Is ${version} now.` },
  ]);
}
