import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { readSettledTime } from '../../platform/database';
import { toChangesPage } from '../../web/change-paging';
import { ClientError } from '../../web/error-handler';
import { databaseId, type FieldError, parseInput } from '../../web/input';
import { nextOf } from '../../web/paging';
import { CHANGES_PAGING, parseParameters, readChangesPaging } from '../../web/parameters';
import { type Precondition, preconditionFailed, readPrecondition } from '../../web/preconditions';
import { parseKey, type ResourceKey } from '../../web/resource-key';
import { bearerOf } from '../accounts/public';
import { type ImageContext, type PictureCheck, readPictureCheck, takePicture } from '../images/public';
import { findSeriesIds } from '../series/public';
import { episodeTag, readEpisodeAnswers, refusalOf, unknownEpisode } from './api-answers';
import { saveMany } from './api-bulk';
import {
  bulkSchema,
  claimProblem,
  contradiction,
  type EpisodePatch,
  type EpisodePut,
  episodePatchSchema,
  episodePutSchema,
  type Problem,
  patched,
  putInput,
  restoreSchema,
  timeProblem,
} from './api-input';
import {
  EPISODE_STATUSES,
  type Episode,
  type EpisodeKind,
  newEpisodeSchema,
  parseEpisodeNumber,
  publicationProblem,
} from './fields';
import { putEpisodes, type Wish } from './put-repository';
import {
  findEpisode,
  findEpisodeByNumber,
  findEpisodeId,
  listChangedEpisodes,
  listEpisodes,
} from './queries';
import { createEpisode, deleteEpisode, restoreEpisode, updateEpisode, type Wanted } from './repository';
import type { WriteContext } from './write';

const LIST_PARAMETERS = {
  ...CHANGES_PAGING,
  seriesId: databaseId.optional(),
  status: z.enum(EPISODE_STATUSES, `Must be one of ${EPISODE_STATUSES.join(', ')}.`).optional(),
  deleted: z.enum(['include', 'only'], 'Must be include or only.').optional(),
};

/** Where an episode is within its series, by the words of its address. */
const PLACES = { episodes: 'regular', specials: 'special' } as const;

export function episodeRoutes({
  catalog,
  images,
}: {
  readonly catalog: WriteContext;
  readonly images: ImageContext;
}): Router {
  const router = Router();

  router.get('/episodes', async (request, response) => {
    const { limit, after, updatedSince, ...filter } = parseParameters(request, LIST_PARAMETERS);
    const paging = readChangesPaging({ after, updatedSince });
    if ('since' in paging) {
      const until = paging.place?.until ?? (await readSettledTime(catalog.db));
      const rows = await listChangedEpisodes(catalog.db, { ...filter, ...paging, limit: limit + 1 });
      const answers = await readEpisodeAnswers(catalog.db, rows.slice(0, limit));
      response.json(toChangesPage(rows, answers, limit, until));
      return;
    }
    const rows = await listEpisodes(catalog.db, { ...filter, ...paging, limit: limit + 1 });
    const data = await readEpisodeAnswers(catalog.db, rows.slice(0, limit));
    response.json({ data, next: nextOf(rows, limit) });
  });

  router.post('/episodes', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(newEpisodeSchema, request.body);
    if (!parsed.ok) throw wrongFields(...parsed.errors);
    const { seriesId, ...input } = parsed.value;
    const check = await checkOf(input.still);
    const problem = publicationProblem(input, undefined, new Date()) ?? check(input.still);
    if (problem) throw wrongFields(problem);
    const result = await createEpisode(catalog, bearerOf(response), seriesId, input);
    if (result.outcome === 'not-found') {
      throw wrongFields({ field: 'seriesId', message: 'There is no series with this id.' });
    }
    if (result.outcome !== 'saved') throw refusalOf(result);
    await sendCreated(response, result.episode);
  });

  router.post('/episodes/bulk', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(bulkSchema, request.body);
    if (!parsed.ok) throw wrongFields(...parsed.errors);
    response.json({ data: await saveMany(catalog, bearerOf(response), parsed.value.episodes) });
  });

  router.get('/episodes/:key', async (request, response) => {
    parseParameters(request, {});
    const isExpected = readPrecondition(request);
    const episode = await findEpisode(catalog.db, await getId(request));
    await sendExpected(response, episode, isExpected);
  });

  router.put('/episodes/:key', async (request, response) => {
    parseParameters(request, {});
    const put = parsePut(request);
    const key = keyOf(request);
    if (key.by === 'id') return sendPut(request, response, put, key.value);
    const address = { externalId: key.value };
    const { seriesId } = put;
    if (
      seriesId !== undefined &&
      (await findSeriesIds(catalog.db, [{ by: 'id', value: seriesId }])).size === 0
    )
      throw wrongFields({ field: 'seriesId', message: 'There is no series with this id.' });
    await sendWished(request, response, put, { ...address, seriesId }, address);
  });

  router.patch('/episodes/:key', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(episodePatchSchema, request.body);
    if (!parsed.ok) throw wrongFields(...parsed.errors);
    await sendPatched(request, response, parsed.value);
  });

  router.put('/episodes/:key/still', async (request, response) => {
    parseParameters(request, {});
    const isExpected = readPrecondition(request);
    const episode = await findEpisode(catalog.db, await getId(request));
    if (!episode) throw unknownEpisode();
    // Ahead of the picture, which takes its time.
    if (!isExpected(episodeTag(episode))) throw preconditionFailed(episodeTag(episode));
    await sendPatched(request, response, { still: await takePicture(images, request, 'still') });
  });

  router.delete('/episodes/:key/still', async (request, response) => {
    parseParameters(request, {});
    await sendPatched(request, response, { still: null });
  });

  router.delete('/episodes/:key', async (request, response) => {
    parseParameters(request, {});
    const isExpected = readPrecondition(request);
    const result = await deleteEpisode(catalog, bearerOf(response), await getId(request), (current) =>
      isExpected(episodeTag(current)),
    );
    if (result.outcome === 'not-found') throw unknownEpisode();
    if (result.outcome === 'unexpected') throw preconditionFailed(episodeTag(result.current));
    response.status(204).end();
  });

  router.post('/episodes/:key/restore', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(restoreSchema, request.body ?? {});
    if (!parsed.ok) throw wrongFields(...parsed.errors);
    const result = await restoreEpisode(
      catalog,
      bearerOf(response),
      await getId(request),
      parsed.value.number,
    );
    if (result.outcome !== 'saved') throw refusalOf(result);
    await sendEpisode(response, result.episode);
  });

  for (const [word, kind] of entriesOf(PLACES)) {
    router.get(`/series/:key/${word}/:number`, async (request, response) => {
      parseParameters(request, {});
      const isExpected = readPrecondition(request);
      const place = { kind, number: numberOf(request) };
      const episode = await findEpisodeByNumber(catalog.db, await getSeriesId(request), place);
      await sendExpected(response, episode, isExpected);
    });

    router.put(`/series/:key/${word}/:number`, async (request, response) => {
      parseParameters(request, {});
      const put = parsePut(request);
      const place = { kind, number: numberOf(request) };
      const seriesId = await getSeriesId(request);
      if (put.seriesId !== undefined && put.seriesId !== seriesId)
        throw wrongFields({ field: 'seriesId', message: `Is ${seriesId} by the address. Leave it out.` });
      await sendWished(request, response, put, { seriesId, place }, place);
    });
  }

  async function sendPatched(request: Request, response: Response, patch: EpisodePatch): Promise<void> {
    const isExpected = readPrecondition(request);
    const check = await checkOf(patch.still);
    await sendUpdated(response, await getId(request), (current) => {
      if (!isExpected(episodeTag(current))) return { problem: { type: 'unexpected' } };
      const problem = claimProblem(patch, current);
      return problem ? { problem } : checked(patched(current, patch), current, check);
    });
  }

  function checkOf(still: string | null | undefined): Promise<PictureCheck> {
    return readPictureCheck(catalog.db, 'still', [still]);
  }

  /** Puts an episode that has to be there. */
  async function sendPut(request: Request, response: Response, put: EpisodePut, id: string): Promise<void> {
    const isExpected = readPrecondition(request);
    const check = await checkOf(put.still);
    await sendUpdated(response, id, (current) => wantedOf(put, current, { isExpected, check }));
  }

  /** Puts an episode that may be new. @param address what the address says of it */
  async function sendWished(
    request: Request,
    response: Response,
    put: EpisodePut,
    wish: Omit<Wish<Problem>, 'change'>,
    address: Parameters<typeof contradiction>[1],
  ): Promise<void> {
    const isExpected = readPrecondition(request);
    const contradicted = contradiction(put, address);
    if (contradicted.length > 0) throw wrongFields(...contradicted);
    const check = await checkOf(put.still);
    const change = (current: Episode | undefined): Wanted<Problem> =>
      current === undefined && wish.seriesId === undefined
        ? {
            problem: {
              type: 'fields',
              errors: [{ field: 'seriesId', message: 'Is required of a new one.' }],
            },
          }
        : wantedOf(put, current, { isExpected, check, address });
    const [result] = await putEpisodes(catalog, bearerOf(response), [{ ...wish, change }]);
    if (!result) throw new Error('A result is missing.');
    if (!('episode' in result)) throw refusalOf(result);
    if (result.outcome === 'created') await sendCreated(response, result.episode);
    else await sendEpisode(response, result.episode);
  }

  async function sendUpdated(
    response: Response,
    id: string,
    change: (current: Episode) => Wanted<Problem>,
  ): Promise<void> {
    const result = await updateEpisode<Problem>(catalog, bearerOf(response), id, change);
    if (result.outcome !== 'saved') throw refusalOf(result);
    await sendEpisode(response, result.episode);
  }

  async function sendExpected(
    response: Response,
    episode: Episode | undefined,
    isExpected: Precondition,
  ): Promise<void> {
    if (!episode) throw unknownEpisode();
    if (!isExpected(episodeTag(episode))) throw preconditionFailed(episodeTag(episode));
    await sendEpisode(response, episode);
  }

  async function sendCreated(response: Response, episode: Episode): Promise<void> {
    await sendEpisode(response.status(201).location(`/api/v1/episodes/${episode.id}`), episode);
  }

  async function sendEpisode(response: Response, episode: Episode): Promise<void> {
    const [answer] = await readEpisodeAnswers(catalog.db, [episode]);
    response.set('ETag', episodeTag(episode)).json(answer);
  }

  /** The id of the episode that the address names; whether there is one is another question. */
  async function getId(request: Request): Promise<string> {
    const key = keyOf(request);
    const id = key.by === 'id' ? key.value : await findEpisodeId(catalog.db, key.value);
    if (id === undefined) throw unknownEpisode();
    return id;
  }

  async function getSeriesId(request: Request): Promise<string> {
    const key = parseKey(request.params.key);
    const [id] = key ? (await findSeriesIds(catalog.db, [key])).values() : [];
    if (id === undefined) throw new ClientError(404, 'There is no such series.');
    return id;
  }

  return router;
}

function parsePut(request: Request): EpisodePut {
  const parsed = parseInput(episodePutSchema, request.body);
  if (!parsed.ok) throw wrongFields(...parsed.errors);
  return parsed.value;
}

function wantedOf(
  put: EpisodePut,
  current: Episode | undefined,
  {
    isExpected,
    check,
    address = {},
  }: {
    readonly isExpected: Precondition;
    readonly check: PictureCheck;
    readonly address?: Parameters<typeof putInput>[1];
  },
): Wanted<Problem> {
  if (!isExpected(current && episodeTag(current))) return { problem: { type: 'unexpected' } };
  const problem = claimProblem(put, current);
  if (problem) return { problem };
  const place = current && { kind: current.kind, number: current.number };
  const wanted = putInput(put, { ...place, ...address });
  return 'errors' in wanted ? { problem: { type: 'fields', ...wanted } } : checked(wanted, current, check);
}

/** What is wanted, unless its time or its picture stand against it. */
function checked(
  wanted: Exclude<Wanted<Problem>, { problem: Problem }>,
  current: Episode | undefined,
  check: PictureCheck,
): Wanted<Problem> {
  const wrong = timeProblem(wanted, current) ?? check(wanted.still, current?.still);
  return wrong ? { problem: { type: 'fields', errors: [wrong] } } : wanted;
}

/** Episodes have no slugs. */
function keyOf(request: Request): ResourceKey {
  const key = parseKey(request.params.key);
  if (!key || key.by === 'slug') throw unknownEpisode();
  return key;
}

function numberOf(request: Request): string {
  const number = parseEpisodeNumber(String(request.params.number));
  if (number === undefined) throw unknownEpisode();
  return number;
}

function entriesOf(places: typeof PLACES): readonly (readonly [string, EpisodeKind])[] {
  return Object.entries(places);
}

function wrongFields(...errors: readonly FieldError[]): ClientError {
  return new ClientError(422, 'Some fields are not right.', errors);
}
