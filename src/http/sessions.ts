import connectPgSimple from 'connect-pg-simple';
import type { RequestHandler } from 'express';
import session from 'express-session';
import { findAdmin } from '../accounts/admin-users';
import type { Actor } from '../changes/actor';
import { logFailure } from '../platform/database-errors';
import type { Dependencies } from './dependencies';

declare module 'express-session' {
  interface SessionData {
    adminId: string;
    /** Told once, on the page after a redirect. */
    notice: Notice;
  }
}

type Notice = {
  readonly text: string;
  /** Where a click goes that leads to what was saved. */
  readonly link?: { readonly href: string; readonly label: string };
  /** Where a POST goes that takes back what was done. */
  readonly undo?: string;
};

const SESSION_MS = 7 * 24 * 3_600_000;

/** Sessions of the back office, kept in Postgres so that every node knows them. Public pages have none. */
export function sessions({ sessionPool, sessionSecret, log }: Dependencies): RequestHandler {
  const Store = connectPgSimple(session);
  return session({
    name: 'nipnime.sid',
    secret: sessionSecret,
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: SESSION_MS, path: '/admin' },
    store: new Store({
      pool: sessionPool,
      tableName: 'admin_sessions',
      errorLog: (...details: unknown[]) => logFailure(log, details.at(-1), 'Sessions: a query failed'),
    }),
  });
}

/** Lets admins through; sends everybody else to the login page and back afterwards. */
export function requireAdmin({ catalog }: Dependencies): RequestHandler {
  return async (request, response, next) => {
    const { adminId } = request.session;
    const admin = adminId ? await findAdmin(catalog.db, adminId) : undefined;
    if (!admin) {
      const next = request.method === 'GET' ? `?next=${encodeURIComponent(request.originalUrl)}` : '';
      response.redirect(303, `/admin/login${next}`);
      return;
    }
    response.locals.admin = admin;
    response.set('Cache-Control', 'no-store');
    next();
  };
}

/** The logged-in admin, for the audit log. Only behind `requireAdmin`. */
export function adminActor(response: { readonly locals: Record<string, unknown> }): Actor {
  const { admin } = response.locals;
  if (!isAdmin(admin)) throw new Error('adminActor() was called on a page that does not require an admin.');
  return { kind: 'admin', id: admin.id, name: admin.email };
}

function isAdmin(value: unknown): value is { readonly id: string; readonly email: string } {
  return typeof value === 'object' && value !== null && 'id' in value && 'email' in value;
}
