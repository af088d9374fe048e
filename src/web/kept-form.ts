import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { DatabaseWatch } from '../platform/database-watch';
import type { Logger } from '../platform/log';
import { isRefusal } from './error-handler';
import { textOf } from './form';
import { redirectWithSession } from './redirect';

/** A form that could not be taken, as it was sent. */
export type KeptForm = {
  /** Where it was sent. */
  readonly address: string;
  /** As a form names them: `videoServers[0][url]`. */
  readonly fields: readonly KeptField[];
};

type KeptField = { readonly name: string; readonly value: string };

/** No page repeats a secret. */
const SECRET = /password|secret|token|code/i;

/** What was sent, to be sent once more; undefined for what must not stand in a page. */
export function keptForm(request: Request): KeptForm | undefined {
  return keptOf(request.originalUrl, request.body);
}

function keptOf(address: string, body: unknown): KeptForm | undefined {
  const fields = flatFields(body);
  const isSafe = OWN_ADDRESS.test(address) && !fields.some(({ name }) => SECRET.test(name));
  return isSafe ? { address, fields } : undefined;
}

/** A page of the back office, never another site. */
const OWN_ADDRESS = /^\/admin\/(?!login)[A-Za-z0-9/?=&_.%+:-]*$/;

function flatFields(value: unknown, name = ''): readonly KeptField[] {
  if (typeof value === 'string') return [{ name, value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    flatFields(part, name === '' ? key : `${name}[${key}]`),
  );
}

/** What another form carries for it (`views/forms/kept.ejs`): the log-in does, so that nothing is lost on that way. */
export function carriedForm(body: unknown): KeptForm | undefined {
  const address = textOf(body, 'keptFor');
  return address === '' ? undefined : keptOf(address, carriedBody(body));
}

function carriedBody(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'kept' in body ? body.kept : {};
}

/**
 * Sends the carried form where it was to go, by the browser, which sends a POST once more that is answered by 307. It
 * brings the log-in along as well: `unpackKeptForm` takes that away.
 */
export async function sendCarriedForm(
  request: Request,
  response: Response,
  { address }: KeptForm,
): Promise<void> {
  await redirectWithSession(request, response, address, 307);
}

/** Its pages carry a form, and are not the form. */
const LOG_IN = /^\/login(\/|$)/;

/** Puts a form that was carried through the log-in in the place of what carried it. */
export const unpackKeptForm: RequestHandler = (request, _response, next) => {
  if (carriedForm(request.body) && !LOG_IN.test(request.path)) request.body = carriedBody(request.body);
  next();
};

/** Shows a form as it was typed, with the reason why it is not saved; false where the address is none of its own. Asks no database. */
export type ShowUnsaved = (request: Request, response: Response, reason: UnsavedReason) => boolean;

export type UnsavedReason = { readonly title: string; readonly text: string };

/** @param requestId leads whoever looks for the reason to the log */
function reasonOf(status: 500 | 503, requestId: string): UnsavedReason {
  const kept = 'What you typed is in the form below.';
  return status === 503
    ? {
        title: 'Not saved: the database does not answer at the moment',
        text: `${kept} Save again in a few seconds. Request ${requestId}`,
      }
    : {
        title: 'Perhaps not saved: something went wrong on our side',
        text: `${kept} Look whether it was saved, and save it again if not. Request ${requestId}`,
      };
}

/**
 * Answers a form that the site failed at, mostly because the database was not there for it, with the form itself, as it was typed.
 * @param parse reads the body where the request failed before that, as sessions do
 */
export function keepUnsavedForms(
  { databaseWatch, log }: { readonly databaseWatch: DatabaseWatch; readonly log: Logger },
  parse: RequestHandler,
  shows: readonly ShowUnsaved[],
): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (request.method !== 'POST' || response.headersSent || isRefusal(error)) return next(error);
    const status = databaseWatch.noticed(error) ? 503 : 500;
    const requestId = String(request.id ?? '');
    const answer = (unreadable?: unknown): void => {
      const kept = keptForm(request);
      if (unreadable || !kept || LOG_IN.test(request.path)) return next(error);
      // As where no form is kept: the database watch logs what the database refuses.
      if (status === 500) (request.log ?? log).error({ err: error }, 'A request failed');
      response.status(status).set('Cache-Control', 'no-store');
      if (status === 503) response.set('Retry-After', '5');
      const reason = reasonOf(status, requestId);
      if (shows.some((show) => show(request, response, reason))) return;
      response.render('web/kept-form', { title: 'Not done yet', kept, isAway: status === 503, requestId });
    };
    if (request.body === undefined) parse(request, response, answer);
    else answer();
  };
}
