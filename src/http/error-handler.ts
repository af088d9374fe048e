import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { FieldError } from '../catalog/input';
import type { DatabaseWatch } from '../platform/database-watch';
import type { Logger } from '../platform/log';

/** An answer to bad input that is an expected outcome: its text is for the client. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429,
    message: string,
    readonly fields: readonly FieldError[] = [],
  ) {
    super(message);
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authorized',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Some fields are not right',
  429: 'Too many requests',
  500: 'Something went wrong',
  503: 'Not available for the moment',
};

export const notFound: RequestHandler = () => {
  throw nothingHere();
};

function nothingHere(): ClientError {
  return new ClientError(404, 'There is nothing at this address.');
}

type ErrorContext = { readonly log: Logger; readonly databaseWatch: DatabaseWatch };

/** The one place that answers errors: a page for people, a problem document (RFC 9457) for scripts. */
export function errorHandler({ log, databaseWatch }: ErrorContext): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const known = toClientError(error);
    const status = known?.status ?? (databaseWatch.noticed(error) ? 503 : 500);
    // What the database refuses has its own line, for all requests together.
    if (status === 500) (request.log ?? log).error({ err: error }, 'A request failed');
    // Half an answer is on its way: closing the connection is all that is left to say.
    if (response.headersSent) return next(error);
    response.status(status).set('Cache-Control', 'no-store');
    if (status === 503) response.set('Retry-After', '5');
    const title = TITLES[status] ?? 'Error';
    const detail = known?.message ?? DETAILS[status] ?? '';
    if (request.path.startsWith('/api/'))
      sendProblem(request, response, { status, title, detail, errors: known?.fields ?? [] });
    else response.render('pages/error', { title, status, detail, requestId: String(request.id ?? '') });
  };
}

/** The text of a 5xx is for the log alone. */
const DETAILS: Readonly<Record<number, string>> = {
  500: 'The request id leads to the reason in the log of the site.',
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

/** Errors of the body parsers and of Express carry a status below 500; what they say is about the request. */
function toClientError(error: unknown): ClientError | undefined {
  if (error instanceof ClientError) return error;
  if (!(error instanceof Error) || !('status' in error)) return undefined;
  switch (error.status) {
    case 400:
      return new ClientError(
        400,
        BODY_ERRORS['type' in error ? String(error.type) : ''] ?? 'The request could not be read.',
      );
    case 403:
    case 404:
      // From a folder of files: what it says would name a path of this machine.
      return nothingHere();
    case 413:
      return new ClientError(413, 'The body of a request must have at most 256 KB.');
    case 415:
      return new ClientError(415, 'The encoding of the body is not supported.');
    default:
      return undefined;
  }
}

const BODY_ERRORS: Readonly<Record<string, string>> = {
  'entity.parse.failed': 'The body is not well-formed JSON.',
  'request.aborted': 'The request was cut off.',
  'request.size.invalid': 'The body is not as long as Content-Length says.',
};
