import { randomInt } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { isNativeError } from 'node:util/types';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { DatabaseWatch } from '../platform/database-watch';
import type { Logger } from '../platform/log';
import { failureWords } from './failure-words';
import type { FieldError } from './input';
import type { FindLanguage } from './language';
import { pageLocals } from './page-locals';
import { ENGLISH, type Message, saidIn, wordsIn } from './words';

/** The refusal of a request, which is an expected outcome. Its message is for the client: scripts read it in English. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly said: string | Message;
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 429,
    said: string | Message,
    readonly fields: readonly FieldError[] = [],
  ) {
    super(saidIn(ENGLISH, said));
    this.said = said;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authorized',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'No such part',
  422: 'Some fields are not right',
  429: 'Too many requests',
  500: 'Something went wrong',
  503: 'Not available for the moment',
};

export const notFound: RequestHandler = () => {
  throw new ClientError(404, { key: 'error.nothing' });
};

type ErrorContext = {
  readonly log: Logger;
  readonly databaseWatch: DatabaseWatch;
  readonly findLanguage: FindLanguage;
};

/** Makes the one handler that answers errors: people get a page, scripts a problem document (RFC 9457). */
export function errorHandler({
  log: siteLog,
  databaseWatch,
  findLanguage,
}: ErrorContext): ErrorRequestHandler {
  // Without its fourth parameter Express takes it for a handler of requests. Nothing is passed on: Express's own last
  // handler writes stacks to the console.
  return (error: unknown, request, response, _next) => {
    const known = refusalOf(error);
    const status = known?.status ?? (databaseWatch.noticed(error) ? 503 : 500);
    const log = request.log ?? siteLog;
    // The database watch logs what the database refuses, in one line for all requests together.
    if (status === 500) log.error({ err: error }, 'A request failed');
    if (response.headersSent) {
      // Half an answer is on its way: only closing the connection can still say that it failed.
      if (!response.writableEnded) response.destroy();
      return;
    }
    for (const name of HEADERS_OF_A_BODY) response.removeHeader(name);
    response.status(status).set({ ...known?.headers, 'Cache-Control': 'no-store' });
    if (status === 503) response.set('Retry-After', '5');
    const title = TITLES[status] ?? STATUS_CODES[status] ?? 'Error';
    const detail =
      (known?.said === undefined ? undefined : saidIn(ENGLISH, known.said)) ?? DETAILS[status] ?? '';
    if (request.path.startsWith('/api/'))
      return sendProblem(request, response, { status, title, detail, errors: known?.fields ?? [] });
    const requestId = String(request.id ?? '');
    const wasSent = request.method !== 'GET' && request.method !== 'HEAD';
    // The back office is English.
    const isAdmin = request.path === '/admin' || request.path.startsWith('/admin/');
    const words = wordsIn(isAdmin ? 'en' : findLanguage(request));
    const failure = failureWords(words, { status, title, given: known?.said, wasSent });
    // Those who failed together must not come back together.
    const refreshSeconds = status < 500 || wasSent ? undefined : randomInt(8, 20);
    const view = {
      // What was refused is not asked for once more.
      ...pageLocals(words, wasSent || (status < 500 && status !== 404) ? '/' : request.originalUrl),
      ...failure,
      status,
      requestId,
      refreshSeconds,
      ...(isAdmin && { wasSent, backUrl: pageBefore(request) }),
    };
    response.vary('Accept-Language').vary('Cookie');
    const sendText = (reason: unknown): void => {
      log.error({ err: reason }, 'The page of an error could not be rendered');
      response.type('text').send(`${failure.title}. ${failure.detail}\nRequest ${requestId}\n`);
    };
    try {
      response.render(isAdmin ? 'web/admin-error' : 'web/error', view, (reason: unknown, html?: string) =>
        reason ? sendText(reason) : response.send(html),
      );
    } catch (reason) {
      sendText(reason);
    }
  };
}

/** The page of the back office that the browser says it comes from, or its first one. */
function pageBefore(request: Request): string {
  const referrer = request.get('Referer') ?? '';
  if (!URL.canParse(referrer)) return '/admin';
  const { host, pathname, search } = new URL(referrer);
  const isOther = `${pathname}${search}` !== request.originalUrl;
  return host === request.get('Host') && pathname.startsWith('/admin/') && isOther
    ? `${pathname}${search}`
    : '/admin';
}

/** These describe a body that is now not sent: a browser can't read an error page under the `Content-Encoding` of a file. */
const HEADERS_OF_A_BODY = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Range',
  'Content-Type',
  'ETag',
  'Expires',
  'Last-Modified',
];

/** The details for errors whose own message is not for the client. The message of a 5xx is for the log alone. */
const DETAILS: Readonly<Record<number, string>> = {
  400: 'The request could not be read.',
  403: 'This address is not allowed.',
  404: 'There is nothing at this address.',
  412: 'The file is another by now than the one that the request means.',
  413: 'The body of a request must have at most 256 KB, that of many episodes 4 MB, and a picture 10 MB.',
  415: 'The encoding of the body is not supported.',
  416: 'The file does not have the part that the request asks for.',
  500: 'The site could not do this. The request id leads to the reason.',
  503: 'The database does not answer at the moment. Try again in a few seconds.',
};

type Problem = {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
};

function sendProblem(request: Request, response: Response, { errors, ...problem }: Problem): void {
  if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer');
  response.type('application/problem+json').send(
    JSON.stringify({
      type: 'about:blank',
      ...problem,
      ...(errors.length > 0 && { errors }),
      requestId: String(request.id ?? ''),
    }),
  );
}

/** Whether the error is about the request, and no failure of the site. */
export function isRefusal(error: unknown): boolean {
  return refusalOf(error) !== undefined;
}

type Refusal = {
  readonly status: number;
  readonly said: string | Message | undefined;
  readonly fields: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;
};

/**
 * Errors that are about the request: ours, and those of the libraries that read bodies and send files. By the convention of
 * http-errors these carry a status below 500, and the headers that belong to it; what they say may name a path of this machine.
 */
function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof ClientError)
    return { status: error.status, said: error.said, fields: error.fields, headers: {} };
  if (!isNativeError(error) || !('status' in error)) return undefined;
  const { status } = error;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 499)
    return undefined;
  const type = 'type' in error ? String(error.type) : '';
  return {
    status,
    said: status === 400 ? BODY_ERRORS[type] : undefined,
    fields: [],
    headers: 'headers' in error ? headersOf(error.headers) : {},
  };
}

function headersOf(given: unknown): Readonly<Record<string, string>> {
  if (typeof given !== 'object' || given === null) return {};
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

const BODY_ERRORS: Readonly<Record<string, string>> = {
  'entity.parse.failed': 'The body is not well-formed JSON.',
  'request.aborted': 'The request was cut off.',
  'request.size.invalid': 'The body is not as long as Content-Length says.',
};
