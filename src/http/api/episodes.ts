import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import {
  EPISODE_STATUSES,
  type Episode,
  type EpisodeInput,
  episodeLabel,
  episodePatchSchema,
  episodePath,
  newEpisodeSchema,
  publicationProblem,
} from '../../catalog/episode';
import { findEpisode, listEpisodes } from '../../catalog/episode-queries';
import {
  createEpisode,
  deleteEpisode,
  type EpisodeWriteResult,
  updateEpisode,
} from '../../catalog/episode-repository';
import { databaseId, type FieldError, parseInput } from '../../catalog/input';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';
import { bearerOf } from './bearer';
import { toPage } from './paging';
import { PAGING, parseParameters } from './parameters';
import { createPrecondition, episodeTag } from './preconditions';

const LIST_PARAMETERS = {
  ...PAGING,
  seriesId: databaseId.optional(),
  status: z.enum(EPISODE_STATUSES, `Must be one of ${EPISODE_STATUSES.join(', ')}.`).optional(),
};

export function episodeRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  router.get('/episodes', async (request, response) => {
    const { limit, ...filter } = parseParameters(request, LIST_PARAMETERS);
    const rows = await listEpisodes(catalog.db, { ...filter, limit: limit + 1 });
    response.json(toPage(rows, limit, episodeJson));
  });

  router.get('/episodes/:id', async (request, response) => {
    parseParameters(request, {});
    const episode = await findEpisode(catalog.db, idOf(request));
    if (!episode) throw unknownEpisode();
    createPrecondition(request)(episode);
    sendEpisode(response, episode);
  });

  router.post('/episodes', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(newEpisodeSchema, request.body);
    if (!parsed.ok) throw wrongFields(...parsed.errors);
    const { seriesId, ...input } = parsed.value;
    refuseWrongPublication(input, undefined);
    const result = await createEpisode(catalog, bearerOf(response), seriesId, input);
    if (result.outcome === 'not-found') {
      throw wrongFields({ field: 'seriesId', message: 'There is no series with this id.' });
    }
    const episode = savedEpisode(result);
    sendEpisode(response.status(201).location(`/api/v1/episodes/${episode.id}`), episode);
  });

  router.patch('/episodes/:id', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(episodePatchSchema, request.body);
    if (!parsed.ok) throw wrongFields(...parsed.errors);
    const { version, ...patch } = parsed.value;
    const expectMatch = createPrecondition(request);
    const result = await updateEpisode(
      catalog,
      bearerOf(response),
      idOf(request),
      (current) => {
        expectMatch(current);
        return patched(current, patch);
      },
      version,
    );
    sendEpisode(response, savedEpisode(result));
  });

  router.delete('/episodes/:id', async (request, response) => {
    parseParameters(request, {});
    const isDeleted = await deleteEpisode(
      catalog,
      bearerOf(response),
      idOf(request),
      createPrecondition(request),
    );
    if (!isDeleted) throw unknownEpisode();
    response.status(204).end();
  });

  return router;
}

function idOf(request: Request): string {
  const parsed = databaseId.safeParse(request.params.id);
  if (!parsed.success) throw unknownEpisode();
  return parsed.data;
}

function unknownEpisode(): ClientError {
  return new ClientError(404, 'There is no episode with this id.');
}

type Patch = { readonly [Field in keyof EpisodeInput]?: EpisodeInput[Field] | undefined };

/** The episode's fields with the patch's in place of those it names; checked as a whole by the tables. */
function patched(current: Episode, patch: Patch): EpisodeInput {
  const next = {
    kind: patch.kind ?? current.kind,
    number: patch.number ?? current.number,
    title: patch.title ?? current.title,
    synopsis: patch.synopsis ?? current.synopsis,
    durationSeconds: patch.durationSeconds === undefined ? current.durationSeconds : patch.durationSeconds,
    status: patch.status ?? current.status,
    publishAt: patch.publishAt === undefined ? current.publishAt : patch.publishAt,
    videoServers: patch.videoServers ?? [...current.videoServers],
  };
  // A script that says no more than "publish" means now.
  const isNow = patch.status === 'published' && patch.publishAt === undefined && isToCome(next.publishAt);
  const wanted = isNow ? { ...next, publishAt: null } : next;
  if (wanted.status === 'scheduled' && wanted.publishAt === null) {
    throw wrongFields({ field: 'publishAt', message: 'Is required for a scheduled episode.' });
  }
  refuseWrongPublication(wanted, current);
  return wanted;
}

function isToCome(time: Date | null): boolean {
  return time !== null && time.getTime() > Date.now();
}

function refuseWrongPublication(next: EpisodeInput, current: Episode | undefined): void {
  const problem = publicationProblem(next, current, new Date());
  if (problem) throw wrongFields(problem);
}

function wrongFields(...errors: readonly FieldError[]): ClientError {
  return new ClientError(422, 'Some fields are not right.', errors);
}

function savedEpisode(result: EpisodeWriteResult): Episode {
  switch (result.outcome) {
    case 'saved':
      return result.episode;
    case 'not-found':
      throw unknownEpisode();
    case 'conflict':
      throw new ClientError(
        409,
        `The episode was changed meanwhile: it is at version ${result.current.version}.`,
        [{ field: 'version', message: `Is ${result.current.version} now.` }],
      );
    case 'number-taken':
      throw new ClientError(409, `${episodeLabel(result.by)} of this series exists already.`, [
        { field: 'number', message: `Is taken by the episode with the id ${result.by.id}.` },
      ]);
  }
}

function sendEpisode(response: Response, episode: Episode): void {
  response.set('ETag', episodeTag(episode)).json(episodeJson(episode));
}

function episodeJson(episode: Episode) {
  const { id, seriesId, kind, number, title, synopsis, durationSeconds, status } = episode;
  const { publishAt, publishedAt, version, videoServers, createdAt, updatedAt } = episode;
  return {
    id,
    seriesId,
    kind,
    number: Number(number),
    title,
    synopsis,
    durationSeconds,
    status,
    publishAt,
    publishedAt,
    version,
    url: episodePath(episode),
    videoServers,
    createdAt,
    updatedAt,
  };
}
