import { type Request, type RequestHandler, Router } from 'express';
import 'express-session';
import { textOf } from './form';
import { redirectWithSession } from './redirect';

/** What an action has to say on the page after its redirect. */
type Notice = {
  readonly text: string;
  /** Where a click goes that leads to what was saved. */
  readonly link?: { readonly href: string; readonly label: string };
  /** The topic that tells on how many screens it is. */
  readonly receipt?: string;
  /** What can be read this once, and copied. */
  readonly secret?: { readonly label: string; readonly value: string };
};

/** What was done and can be taken back. */
type Undo = {
  readonly text: string;
  /** Where a POST goes that takes it back. */
  readonly undo: string;
};

declare module 'express-session' {
  interface SessionData {
    /** Shown once. */
    notice: Notice;
    /** The address of the form that was saved last, as the form has it. Told once. */
    savedForm: string;
    /** Each stands until it is dismissed or taken back, or its time is over. */
    undos: readonly (Undo & { readonly untilMs: number })[];
  }
}

/** Has the next page tell the browser that the form is saved that is being answered: it forgets the draft that it has kept of it. */
export function noteSaved({ session, baseUrl, path }: Request): void {
  session.savedForm = `${baseUrl}${path}`;
}

/** So long it stands on every page. */
const OFFERED_MS = 3_600_000;
/** More than these nobody reads. */
const MAX_OFFERED = 3;

/** Offers on every page to take back what was done. */
export function offerUndo(request: Request, undo: Undo): void {
  const others = openUndos(request).filter((each) => each.undo !== undo.undo);
  request.session.undos = [...others, { ...undo, untilMs: Date.now() + OFFERED_MS }].slice(-MAX_OFFERED);
}

/** Offers it no longer: it was taken back, in whichever way. */
export function forgetUndo(request: Request, undo: string): void {
  if (!request.session.undos) return;
  request.session.undos = openUndos(request).filter((each) => each.undo !== undo);
}

function openUndos({ session }: Request) {
  return (session.undos ?? []).filter(({ untilMs }) => untilMs > Date.now());
}

/** Gives the page what is to be said on it: what an action had to say, once, and what can be taken back. */
export const showNotice: RequestHandler = (request, response, next) => {
  if (request.method === 'GET') {
    response.locals.notice = request.session.notice;
    delete request.session.notice;
    response.locals.savedForm = request.session.savedForm;
    delete request.session.savedForm;
  }
  response.locals.undos = openUndos(request);
  response.locals.pageAddress = request.originalUrl;
  next();
};

/** The button that dismisses what can be taken back; it leads to the page that it was pressed on. */
export function noticeRoutes(): Router {
  const router = Router();
  router.post('/notice/dismiss', async (request, response) => {
    forgetUndo(request, textOf(request.body, 'undo'));
    const back = textOf(request.body, 'back');
    await redirectWithSession(request, response, BACK.test(back) ? back : '/admin');
  });
  return router;
}

/** A page of the back office, never another site. */
const BACK = /^\/admin(?:\/[A-Za-z0-9/?=&_.%+:-]*)?$/;
