import { z } from 'zod';
import type { Fields } from './fields';

/** As OpenAPI 3.1 has it, which is JSON Schema 2020-12. https://spec.openapis.org/oas/v3.1.1.html */
type JsonObject = { readonly [name: string]: unknown };
type Paths = Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;

/** One part of an API: its operations, and the schemas that they name. */
export type ApiPart = {
  /** Of what: `Episodes`. */
  readonly name: string;
  readonly paths: Paths;
  readonly schemas: Readonly<Record<string, JsonObject>>;
};

const problem = z.strictObject({
  type: z.literal('about:blank'),
  status: z.int(),
  title: z.string(),
  detail: z.string(),
  errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
  requestId: z.string(),
});

/**
 * The description of an API.
 * @param scopes what a token has to be allowed, by `get /episodes/:id`
 */
export function openApiDocument(
  title: string,
  parts: readonly ApiPart[],
  scopes: Readonly<Record<string, string>>,
): JsonObject {
  const paths: Paths = Object.assign({}, ...parts.map(tagged));
  return {
    openapi: '3.1.1',
    info: {
      title,
      version: '1',
      description: 'For scripts that post episodes. In words: docs/api.md of the software of the site.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ token: [] }],
    tags: parts.map(({ name }) => ({ name })),
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, operations]) => [path, withScopes(path, operations, scopes)]),
    ),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'npm run token:create' } },
      schemas: Object.assign({ Problem: answerSchema(problem) }, ...parts.map(({ schemas }) => schemas)),
    },
  };
}

function tagged({ name, paths }: ApiPart): Paths {
  return Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, { tags: [name], ...operation }]),
      ),
    ]),
  );
}

/** Names the scope of each operation, as OpenAPI 3.1 has it for schemes other than OAuth, too. */
function withScopes(
  path: string,
  operations: Paths[string],
  scopes: Readonly<Record<string, string>>,
): Paths[string] {
  const pattern = path.replace(/\{(\w+)\}/g, ':$1');
  return Object.fromEntries(
    Object.entries(operations).map(([method, operation]) => {
      const scope = scopes[`${method} ${pattern}`];
      return [method, { ...operation, security: [{ token: scope === undefined ? [] : [scope] }] }];
    }),
  );
}

/** What a body has to be. */
export function inputSchema(schema: z.ZodType, fields: Fields): JsonObject {
  return titled(z.toJSONSchema(schema, { io: 'input', override: plain }), fields);
}

/** What an answer is. */
export function answerSchema(schema: z.ZodType, fields: Fields = {}): JsonObject {
  return titled(z.toJSONSchema(schema, { override: plain }), fields);
}

/** A parameter of the address. */
export function parameter(
  name: string,
  where: 'query' | 'path' | 'header',
  schema: JsonObject,
  description?: string,
  example?: string,
) {
  return {
    name,
    in: where,
    required: where === 'path',
    schema,
    ...(description && { description }),
    ...(example && { example }),
  };
}

export const ID_SCHEMA = { type: 'string', pattern: '^[1-9][0-9]{0,17}$' } as const;

export const PAGING_PARAMETERS = [
  parameter('limit', 'query', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  parameter('after', 'query', { type: 'string' }, 'Reads on from `next` of the page before.'),
  parameter(
    'updatedSince',
    'query',
    { type: 'string', format: 'date-time' },
    'What was changed then or later, in that order, the oldest change first.',
  ),
];

export const PRECONDITION_PARAMETERS = [
  parameter('If-Match', 'header', { type: 'string' }, 'ETags, one of which it has to have, or `*`.'),
];

export const GET_PARAMETERS = [
  ...PRECONDITION_PARAMETERS,
  parameter('If-None-Match', 'header', { type: 'string' }, 'ETags of what is known already.'),
];

/** Of a `GET`. */
export const NOT_MODIFIED = { 304: { description: 'It is what `If-None-Match` names.' } };

/** Of a `POST`. */
export const IDEMPOTENCY_PARAMETER = parameter(
  'Idempotency-Key',
  'header',
  { type: 'string', minLength: 1, maxLength: 257 },
  'Such as a UUID: sent again within 24 hours, the request is not done once more, and gets the same answer.',
);

export const PUT_PRECONDITION_PARAMETERS = [
  ...PRECONDITION_PARAMETERS,
  parameter('If-None-Match', 'header', { type: 'string', const: '*' }, '`*`: there must not be one yet.'),
];

export function schemaRef(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** @param example of a body that the operation takes; the page of the API shows it */
export function jsonBody(name: string, example: JsonObject): JsonObject {
  return { required: true, content: { 'application/json': { schema: schemaRef(name), example } } };
}

/** A body that is a picture. */
export const PICTURE_BODY: JsonObject = {
  required: true,
  description: 'A JPEG, PNG, WebP, AVIF or GIF, up to 10 MB and 40 megapixels.',
  content: { 'image/*': {} },
};

/** One page of a list of these. */
export function pageOf(name: string): JsonObject {
  return {
    type: 'object',
    properties: {
      data: { type: 'array', items: schemaRef(name) },
      next: { type: ['string', 'null'], description: 'For `after`; null at the end.' },
      until: {
        type: 'string',
        format: 'date-time',
        description: 'With `updatedSince`: what to ask with the next time, so that nothing is missed.',
      },
    },
    required: ['data', 'next'],
    additionalProperties: false,
  };
}

export function answer(description: string, schema: JsonObject, headers?: JsonObject): JsonObject {
  return { description, content: { 'application/json': { schema } }, ...(headers && { headers }) };
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The JSON, a header or a parameter of the address is wrong.',
  401: 'There is no token, or it is unknown, revoked, or its time is over.',
  403: 'The token lacks the scope that `security` names.',
  404: 'There is nothing at this address, or no longer.',
  409: 'The number, slug or external id is taken, it was changed since `version`, or its Idempotency-Key is in use.',
  412: 'It is not what If-Match or If-None-Match names.',
  413: 'The body is larger than 256 KB; of many episodes, than 4 MB; a picture, than 10 MB.',
  415: 'The body is not JSON; or no picture, where that is the body.',
  422: 'Fields are wrong: each is listed. Or the Idempotency-Key was used for another request.',
  429: 'The token has used up its requests of this minute: `Retry-After` says when to go on. Or many pictures are being looked at.',
};

/** The problem documents (RFC 9457) that an operation may answer. */
export function refusals(...statuses: readonly number[]): JsonObject {
  return Object.fromEntries(
    [...statuses, 401, 403, 429].map((status) => [
      status,
      {
        description: REFUSALS[status] ?? '',
        content: { 'application/problem+json': { schema: schemaRef('Problem') } },
      },
    ]),
  );
}

/** Leaves out what says nothing: the pattern of a time, which has a format, and the bounds of what JavaScript can count. */
function plain({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** The properties with the labels that they have in forms. */
function titled({ $schema: _, ...schema }: z.core.JSONSchema.BaseSchema, fields: Fields): JsonObject {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const label = fields[name]?.label;
    return [name, label && typeof property === 'object' ? { title: label, ...property } : property];
  });
  return schema.properties ? { ...schema, properties: Object.fromEntries(properties) } : schema;
}
