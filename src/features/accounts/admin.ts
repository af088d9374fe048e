import { randomUUID } from 'node:crypto';
import connectPgSimple from 'connect-pg-simple';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import session from 'express-session';
import type { Database, SessionPool } from '../../platform/database';
import { logFailure } from '../../platform/database-errors';
import type { Logger } from '../../platform/log';
import { ClientError, notFound } from '../../web/error-handler';
import { keptForm } from '../../web/kept-form';
import { UTC } from '../../web/time-zone';
import { zoneOf } from '../../web/visitor-zone';
import { clockOf, signedInAs } from './public';
import type { Role, RouteRoles } from './roles';
import { findSignedIn, IDLE_HOURS, noteSeen } from './sessions';

declare module 'express-session' {
  interface SessionData {
    adminId: string;
    /** Names the session to what is live without opening it. */
    liveId: string;
  }
}

const NOT_LOGGED_IN =
  'You are not logged in any more, and nothing was saved. Log in in another tab, then go back here and send the form again: what you typed is still there.';
const CHANGE_FIRST =
  'Nothing was saved: your password has to be changed first. Do so in another tab, then go back here and send the form again.';

const PASSWORD_PATH = '/account/password';

/**
 * The cookie of a session. `__Host-` says that this very host has set it over https: no neighbour under the same domain and nobody on
 * an http connection can put another one in its place (to log somebody in as somebody else). The price is `Path=/`, which the prefix
 * asks for: browsers send it with public pages, too. These look at no session, and are kept without regard to it. Over plain http, as
 * on localhost, browsers refuse the prefix, so that there is the former cookie, for the back office alone.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix
 */
const COOKIES = {
  secure: { name: '__Host-nipnime.sid', path: '/', secure: true },
  plain: { name: 'nipnime.sid', path: '/admin', secure: false },
} as const;

/** Sessions of the back office, kept in Postgres so that every node knows them. Public pages have none. */
export function sessions({
  sessionPool,
  sessionSecret,
  log,
}: {
  readonly sessionPool: SessionPool;
  readonly sessionSecret: string;
  readonly log: Logger;
}): RequestHandler {
  const Store = connectPgSimple(session);
  const sessionIn = ({ name, ...cookie }: (typeof COOKIES)[keyof typeof COOKIES]): RequestHandler =>
    session({
      name,
      secret: sessionSecret,
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: { httpOnly: true, sameSite: 'lax', maxAge: IDLE_HOURS * 3_600_000, ...cookie },
      // One for each: express-session tells its store which cookie a new session gets.
      store: new Store({
        pool: sessionPool,
        tableName: 'admin_sessions',
        errorLog: (...details: unknown[]) => logFailure(log, details.at(-1), 'Sessions: a query failed'),
      }),
    });
  const [secure, plain] = [sessionIn(COOKIES.secure), sessionIn(COOKIES.plain)];
  return (request, response, next) => (request.secure ? secure : plain)(request, response, next);
}

/** Makes a browser forget its session. */
export function forgetSession(request: Request, response: Response): void {
  const { name, path, secure } = request.secure ? COOKIES.secure : COOKIES.plain;
  response.clearCookie(name, { path, secure, httpOnly: true, sameSite: 'lax' });
}

/** Has whoever sent a form log in on the spot, and the form sent again then. */
function askToLogIn(request: Request, response: Response): void {
  const kept = keptForm(request);
  if (!kept) throw new ClientError(403, NOT_LOGGED_IN);
  response.status(403).set('Cache-Control', 'no-store');
  response.render('accounts/log-in-again', { title: 'Log in to go on', email: '', error: undefined, kept });
}

/** Lets admins through; sends everybody else to the login page and back afterwards. A form must not be lost on that way. */
export function requireAdmin({
  db,
  clientAddress,
  liveTicket,
}: {
  readonly db: Database;
  /** A signed list of what is live in the back office, for pages of the session with this live id. */
  readonly liveTicket: (liveId: string, topics: readonly string[]) => string;
  readonly clientAddress: (request: Request) => string;
}): RequestHandler {
  return async (request, response, next) => {
    const { adminId } = request.session;
    const address = clientAddress(request);
    const admin = adminId ? await findSignedIn(db, request.sessionID, { address }) : undefined;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!admin) {
      if (!isRead) return askToLogIn(request, response);
      return response.redirect(303, `/admin/login?next=${encodeURIComponent(request.originalUrl)}`);
    }
    if (admin.isToBeSeen)
      await noteSeen(db, request.sessionID, { address, browser: request.get('User-Agent') ?? '' });
    response.set('Cache-Control', 'no-store');
    response.locals.admin = admin;
    response.locals.adminAddress = address;
    response.locals.clock = clockOf(response);
    // Until one is chosen, times are in UTC, which few live in.
    const zone = zoneOf(request);
    if (!admin.timeZone && zone !== UTC) response.locals.zoneOffer = zone;
    if (admin.mustChangePassword && request.path !== PASSWORD_PATH) {
      if (!isRead) throw new ClientError(403, CHANGE_FIRST);
      const next = encodeURIComponent(request.originalUrl);
      return response.redirect(303, `/admin${PASSWORD_PATH}?next=${next}`);
    }
    request.session.liveId ??= randomUUID();
    const { liveId } = request.session;
    response.locals.liveTicket = (...topics: readonly string[]) => liveTicket(liveId, topics);
    next();
  };
}

/**
 * Lets through what the role of whoever is logged in may use, and tells the views which pages these are. It matches addresses as the
 * routers behind it do, by the same patterns; where several match, each has to allow it. What no pattern matches is not there.
 */
export function guardRoutes(routes: RouteRoles): Router {
  const router = Router();
  const entries = Object.entries(routes).map(([route, roles]) => {
    const [method = '', path = ''] = route.split(' ');
    return { method, path, roles };
  });
  const pagesOf = (role: Role): ReadonlySet<string> =>
    new Set(
      entries
        .filter(({ method, roles }) => method === 'get' && roles.includes(role))
        .map(({ path }) => `/admin${path}`),
    );
  const pages: Readonly<Record<Role, ReadonlySet<string>>> = {
    admin: pagesOf('admin'),
    editor: pagesOf('editor'),
  };
  const known = new WeakSet<Response>();

  router.use((_request, response, next) => {
    const { role, mustChangePassword } = signedInAs(response);
    response.locals.allowedPages = mustChangePassword ? NO_PAGES : pages[role];
    next();
  });
  for (const { method, path, roles } of entries) {
    const guard: RequestHandler = (request, response, next) => {
      if (!roles.includes(signedInAs(response).role)) return refuseRole(request, response);
      known.add(response);
      next();
    };
    if (method === 'get') router.get(path, guard);
    else if (method === 'post') router.post(path, guard);
    else throw new Error(`${method} ${path}: the back office has pages and forms, and nothing else.`);
  }
  router.use((request, response, next) => (known.has(response) ? next() : notFound(request, response, next)));
  return router;
}

const NO_PAGES: ReadonlySet<string> = new Set();

function refuseRole(request: Request, response: Response): void {
  response.status(403).render('accounts/not-allowed', {
    title: 'Not for your role',
    wasSent: request.method !== 'GET' && request.method !== 'HEAD',
  });
}
