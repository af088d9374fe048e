import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import request, { type Response } from 'supertest';
import { apiDescription } from '../../src/process/app';
import type { TestApp } from './app';

type Schema = { readonly [name: string]: unknown };
type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
export type Operation = {
  readonly operationId: string;
  readonly security: readonly { readonly token: readonly string[] }[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly content?: Content; readonly headers?: Readonly<Record<string, unknown>> }>
  >;
};
export type Description = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

/** As it is served, which is JSON. */
export const description: Description = JSON.parse(JSON.stringify(apiDescription()));

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats(ajv);
ajv.addSchema({ $id: 'api', components: description.components });
const compiled = new Map<string, ValidateFunction>();

/** What is wrong with a value by a schema of the description. */
export function problemsBy(schema: Schema, value: unknown): readonly string[] {
  // Names of schemas are those of the document, whatever holds the schema.
  const text = JSON.stringify(schema).replaceAll('"#/components', '"api#/components');
  const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
  compiled.set(text, validate);
  return validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** `createEpisode 201` and so on: what was answered to the requests of this file. */
export const seen = new Set<string>();

type Sent = { readonly method: string; readonly path: string; readonly body?: unknown };

const PROBLEM = { $ref: '#/components/schemas/Problem' };

/** Throws unless the answer is one that the description has for the request. */
export function checkAnswer({ method, path, body }: Sent, answer: Response): void {
  const found = findOperation(method, path);
  const operation = found?.operation;
  const described = operation?.responses[answer.status];
  const where = `${method} ${path}: ${answer.status}`;
  if (!described && ![404, 405].includes(answer.status))
    throw new Error(`${where} is not described: ${answer.text}`);
  if (operation && described) seen.add(`${operation.operationId} ${answer.status}`);
  const [type, content] = Object.entries(described?.content ?? {})[0] ?? [];
  const isEmpty = described && !content;
  if (isEmpty && answer.text !== '') throw new Error(`${where} has a body: ${answer.text}`);
  if (isEmpty) return;
  const expectedType = type ?? 'application/problem+json';
  if (!answer.headers['content-type']?.startsWith(expectedType))
    throw new Error(`${where} is ${answer.headers['content-type']}, not ${expectedType}`);
  const problems = problemsBy(content?.schema ?? PROBLEM, answer.body);
  if (problems.length > 0)
    throw new Error(`${where} is not as described:\n${problems.join('\n')}\n${answer.text}`);
  const missing = Object.keys(described?.headers ?? {}).filter(
    (name) => answer.headers[name.toLowerCase()] === undefined,
  );
  if (missing.length > 0) throw new Error(`${where} lacks the headers ${missing.join(', ')}`);
  const taken = operation?.requestBody?.content['application/json'];
  if (!taken || typeof body !== 'object' || answer.status >= 300) return;
  const wrong = problemsBy(taken.schema, body);
  if (wrong.length > 0)
    throw new Error(`${method} ${path} was taken, but is not as described:\n${wrong.join('\n')}`);
}

/** The operation of a request; of two whose paths fit, the one with fewer parameters. */
export function findOperation(
  method: string,
  path: string,
): { readonly pattern: string; readonly operation: Operation } | undefined {
  const [plain = ''] = path.split('?');
  const fitting = Object.entries(description.paths)
    .filter(([pattern]) => new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain))
    .sort(([one], [other]) => one.split('{').length - other.split('{').length);
  for (const [pattern, operations] of fitting) {
    const operation = operations[method];
    if (operation) return { pattern, operation };
  }
  return undefined;
}

/** Sends requests to the API of a site; each answer is held against the description. @param token of whoever sends them */
export function apiOf(site: () => TestApp, token: () => string) {
  const send = (
    method: 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: string,
    body?: string | object,
  ) => {
    const sent = request(site().app)[method](`/api/v1${path}`).auth(token(), { type: 'bearer' });
    // A string is JSON already, or no JSON at all.
    return (body === undefined ? sent : sent.type('json').send(body)).expect((answer) =>
      checkAnswer({ method, path, body }, answer),
    );
  };
  return {
    /** For a body that is no JSON. */
    send,
    get: (path: string) => send('get', path),
    post: (path: string, body?: string | object) => send('post', path, body),
    put: (path: string, body?: string | object) => send('put', path, body),
    patch: (path: string, body?: string | object) => send('patch', path, body),
    delete: (path: string) => send('delete', path),
  };
}
