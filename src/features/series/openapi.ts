import { z } from 'zod';
import { answerShape } from '../../web/fields';
import {
  type ApiPart,
  answer,
  answerSchema,
  GET_PARAMETERS,
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
import { seriesPatchSchema, seriesPutSchema } from './api-input';
import { newSeriesSchema, SERIES_FIELDS } from './fields';

/** As the API answers it. */
const seriesAnswer = z.strictObject({
  id: z.string(),
  ...answerShape(SERIES_FIELDS),
  public: z.strictObject({ is: z.boolean(), why: z.array(z.enum(['hidden'])) }),
  version: z.int(),
  url: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const SERIES_KEY = parameter(
  'key',
  'path',
  { type: 'string' },
  'Of the series: its id, `slug:frieren` or `external:shop-7`.',
  'slug:frieren',
);
const HEADERS = { ETag: { schema: { type: 'string' } } };
const series = (description: string) => answer(description, schemaRef('Series'), HEADERS);
const created = answer('It is there now', schemaRef('Series'), {
  ...HEADERS,
  Location: { schema: { type: 'string' } },
});

const EXAMPLE = { title: '葬送のフリーレン', synonyms: ['Frieren'], seasonYear: 2023, season: 'fall' };

export const seriesApi: ApiPart = {
  name: 'Series',
  schemas: {
    Series: answerSchema(seriesAnswer, SERIES_FIELDS),
    NewSeries: inputSchema(newSeriesSchema, SERIES_FIELDS),
    SeriesPut: inputSchema(seriesPutSchema, SERIES_FIELDS),
    SeriesPatch: inputSchema(seriesPatchSchema, SERIES_FIELDS),
  },
  paths: {
    '/series': {
      get: {
        summary: 'Series, newest first, or by when they were changed',
        operationId: 'listSeries',
        parameters: [
          ...PAGING_PARAMETERS,
          parameter('search', 'query', { type: 'string' }, 'Part of a title.'),
        ],
        responses: { 200: answer('A page of them', pageOf('Series')), ...NOT_MODIFIED, ...refusals(400) },
      },
      post: {
        summary: 'Creates a series',
        operationId: 'createSeries',
        parameters: [IDEMPOTENCY_PARAMETER],
        requestBody: jsonBody('NewSeries', EXAMPLE),
        responses: { 201: created, ...refusals(400, 409, 413, 415, 422) },
      },
    },
    '/series/{key}': {
      get: {
        summary: 'One series',
        operationId: 'getSeries',
        parameters: [SERIES_KEY, ...GET_PARAMETERS],
        responses: { 200: series('The series'), ...NOT_MODIFIED, ...refusals(400, 404, 412) },
      },
      put: {
        summary:
          'Makes it what is sent, and creates it where the key is a slug or an external id that none has',
        operationId: 'putSeries',
        parameters: [SERIES_KEY, ...PUT_PRECONDITION_PARAMETERS],
        requestBody: jsonBody('SeriesPut', EXAMPLE),
        responses: {
          200: series('As it is now'),
          201: created,
          ...refusals(400, 404, 409, 412, 413, 415, 422),
        },
      },
      patch: {
        summary: 'Changes the fields that are sent; `links` is replaced as a whole',
        operationId: 'changeSeries',
        parameters: [SERIES_KEY, ...PRECONDITION_PARAMETERS],
        requestBody: jsonBody('SeriesPatch', { visible: false }),
        responses: { 200: series('As it is now'), ...refusals(400, 404, 409, 412, 413, 415, 422) },
      },
    },
    '/series/{key}/poster': {
      put: {
        summary: 'Makes the picture that is sent its poster; the site cuts its middle to 2:3',
        operationId: 'putPoster',
        parameters: [SERIES_KEY, ...PRECONDITION_PARAMETERS],
        requestBody: PICTURE_BODY,
        responses: { 200: series('As it is now'), ...refusals(400, 404, 412, 413, 415, 422) },
      },
      delete: {
        summary: 'Takes its poster away; one is drawn then',
        operationId: 'deletePoster',
        parameters: [SERIES_KEY, ...PRECONDITION_PARAMETERS],
        responses: { 200: series('As it is now'), ...refusals(400, 404, 412) },
      },
    },
  },
};
