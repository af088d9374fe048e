import {
  type ApiPart,
  answer,
  answerSchema,
  GET_PARAMETERS,
  ID_SCHEMA,
  IDEMPOTENCY_PARAMETER,
  inputSchema,
  jsonBody,
  NOT_MODIFIED,
  PAGING_PARAMETERS,
  PICTURE_BODY,
  PRECONDITION_PARAMETERS,
  PUT_PRECONDITION_PARAMETERS,
  pageOf,
  parameter,
  refusals,
  schemaRef,
} from '../../web/openapi';
import { episodeAnswer } from './api-answers';
import { bulkResultAnswer } from './api-bulk';
import {
  describedBulkSchema,
  episodePatchSchema,
  episodePutSchema,
  MAX_BULK,
  restoreSchema,
} from './api-input';
import { EPISODE_FIELDS, EPISODE_STATUSES, newEpisodeSchema } from './fields';

const key = parameter('key', 'path', { type: 'string' }, 'Of the episode: its id, or `external:e-42`.', '42');
const seriesKey = parameter(
  'key',
  'path',
  { type: 'string' },
  'Of the series: its id, `slug:frieren` or `external:shop-7`.',
  'slug:frieren',
);
const number = parameter('number', 'path', { type: 'string' }, 'Such as 12 or 12.5.', '12');
const HEADERS = { ETag: { schema: { type: 'string' } } };
const episode = (description: string) => answer(description, schemaRef('Episode'), HEADERS);
const created = answer('It is there now', schemaRef('Episode'), {
  ...HEADERS,
  Location: { schema: { type: 'string' } },
});

const SERVERS = [{ name: 'Main', kind: 'file', url: '/media/clip.mp4' }];

/** An episode by its place in a series. */
const atPlace = (kind: string, operationId: string) => ({
  get: {
    summary: `The ${kind} of this number`,
    operationId: `get${operationId}`,
    parameters: [seriesKey, number, ...GET_PARAMETERS],
    responses: { 200: episode('The episode'), ...NOT_MODIFIED, ...refusals(400, 404, 412) },
  },
  put: {
    summary: `Makes the ${kind} of this number what is sent; creates it where there is none`,
    operationId: `put${operationId}`,
    parameters: [seriesKey, number, ...PUT_PRECONDITION_PARAMETERS],
    requestBody: jsonBody('EpisodePut', { status: 'published', videoServers: SERVERS }),
    responses: {
      200: episode('As it is now'),
      201: created,
      ...refusals(400, 404, 409, 412, 413, 415, 422),
    },
  },
});

export const episodesApi: ApiPart = {
  name: 'Episodes',
  schemas: {
    Episode: answerSchema(episodeAnswer, EPISODE_FIELDS),
    NewEpisode: inputSchema(newEpisodeSchema, EPISODE_FIELDS),
    EpisodePut: inputSchema(episodePutSchema, EPISODE_FIELDS),
    EpisodePatch: inputSchema(episodePatchSchema, EPISODE_FIELDS),
    EpisodeBulk: inputSchema(describedBulkSchema, EPISODE_FIELDS),
    EpisodeBulkResult: answerSchema(bulkResultAnswer),
    EpisodeRestore: inputSchema(restoreSchema, EPISODE_FIELDS),
  },
  paths: {
    '/episodes': {
      get: {
        summary: 'Episodes of any status, newest first, or by when they were changed',
        operationId: 'listEpisodes',
        parameters: [
          ...PAGING_PARAMETERS,
          parameter('seriesId', 'query', ID_SCHEMA),
          parameter('status', 'query', { type: 'string', enum: EPISODE_STATUSES }),
          parameter(
            'deleted',
            'query',
            { type: 'string', enum: ['include', 'only'] },
            'Also those in the trash, or those alone.',
          ),
        ],
        responses: { 200: answer('A page of them', pageOf('Episode')), ...NOT_MODIFIED, ...refusals(400) },
      },
      post: {
        summary: 'Creates an episode with its video servers',
        operationId: 'createEpisode',
        parameters: [IDEMPOTENCY_PARAMETER],
        requestBody: jsonBody('NewEpisode', {
          seriesId: '1',
          number: 12,
          status: 'published',
          videoServers: SERVERS,
        }),
        responses: { 201: created, ...refusals(400, 409, 413, 415, 422) },
      },
    },
    '/episodes/bulk': {
      post: {
        summary: `Makes up to ${MAX_BULK} episodes what is sent, and says of each what became of it`,
        operationId: 'putEpisodes',
        parameters: [IDEMPOTENCY_PARAMETER],
        requestBody: jsonBody('EpisodeBulk', {
          episodes: [{ series: 'slug:frieren', number: 12, status: 'published', videoServers: SERVERS }],
        }),
        responses: {
          200: answer('What became of each', {
            type: 'object',
            properties: { data: { type: 'array', items: schemaRef('EpisodeBulkResult') } },
            required: ['data'],
            additionalProperties: false,
          }),
          ...refusals(400, 409, 413, 415, 422),
        },
      },
    },
    '/episodes/{key}': {
      get: {
        summary: 'One episode',
        operationId: 'getEpisode',
        parameters: [key, ...GET_PARAMETERS],
        responses: { 200: episode('The episode'), ...NOT_MODIFIED, ...refusals(400, 404, 412) },
      },
      put: {
        summary: 'Makes it what is sent, and creates it where the key is an external id that none has',
        operationId: 'putEpisode',
        parameters: [key, ...PUT_PRECONDITION_PARAMETERS],
        requestBody: jsonBody('EpisodePut', { seriesId: '1', number: 12, videoServers: SERVERS }),
        responses: {
          200: episode('As it is now'),
          201: created,
          ...refusals(400, 404, 409, 412, 413, 415, 422),
        },
      },
      patch: {
        summary: 'Changes the fields that are sent; `videoServers` is replaced as a whole',
        operationId: 'changeEpisode',
        parameters: [key, ...PRECONDITION_PARAMETERS],
        requestBody: jsonBody('EpisodePatch', { status: 'published' }),
        responses: { 200: episode('As it is now'), ...refusals(400, 404, 409, 412, 413, 415, 422) },
      },
      delete: {
        summary: 'Puts it into the trash, where it stays for 30 days',
        operationId: 'deleteEpisode',
        parameters: [key, ...PRECONDITION_PARAMETERS],
        responses: { 204: { description: 'It is gone' }, ...refusals(400, 404, 412) },
      },
    },
    '/episodes/{key}/restore': {
      post: {
        summary: 'Brings it back from the trash; with another number where its own was given away',
        operationId: 'restoreEpisode',
        parameters: [key, IDEMPOTENCY_PARAMETER],
        requestBody: { ...jsonBody('EpisodeRestore', { number: 13 }), required: false },
        responses: { 200: episode('As it is now'), ...refusals(400, 404, 409, 413, 415, 422) },
      },
    },
    '/episodes/{key}/still': {
      put: {
        summary: 'Makes the picture that is sent its still; the site cuts its middle to 16:9',
        operationId: 'putStill',
        parameters: [key, ...PRECONDITION_PARAMETERS],
        requestBody: PICTURE_BODY,
        responses: { 200: episode('As it is now'), ...refusals(400, 404, 412, 413, 415, 422) },
      },
      delete: {
        summary: 'Takes its still away; one is drawn then',
        operationId: 'deleteStill',
        parameters: [key, ...PRECONDITION_PARAMETERS],
        responses: { 200: episode('As it is now'), ...refusals(400, 404, 412) },
      },
    },
    '/series/{key}/episodes/{number}': atPlace('regular episode', 'RegularEpisode'),
    '/series/{key}/specials/{number}': atPlace('special', 'Special'),
  },
};
