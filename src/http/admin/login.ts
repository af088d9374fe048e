import { promisify } from 'node:util';
import { type Request, type Response, Router } from 'express';
import { type AdminUser, findAdmin } from '../../accounts/admin-users';
import { recordAudit } from '../../accounts/audit-log';
import { RefusalJournal, typedName } from '../../accounts/refusal-journal';
import { addressKey } from '../../platform/address';
import { LoginForm, requireSessionToken } from '../csrf';
import type { Dependencies } from '../dependencies';
import { DeviceCookies } from './device-cookie';
import { textOf } from './form';
import { createLogIn, type LoginOutcome } from './login-attempt';
import { redirectWithSession } from './redirect';

/** The tries of one address are limited anyway: this is for many addresses at once. */
const REFUSALS = { perMinute: 300, perMinuteAndAddress: 60 };
/** In this time the queue for passwords has moved on, whoever stands in it. */
const BUSY_SECONDS = 3;

export function loginRoutes(dependencies: Dependencies): Router {
  const { catalog, clientAddress, sessionSecret } = dependencies;
  const form = new LoginForm(sessionSecret);
  const devices = new DeviceCookies(sessionSecret);
  const logIn = createLogIn(dependencies, devices);
  const writeDown = createLoginRecord(dependencies);
  const router = Router();

  const render = (request: Request, response: Response, email = '', error?: string): void => {
    const { next } = request.query;
    response.set('Cache-Control', 'no-store').render('admin/login', {
      title: 'Log in',
      csrfToken: form.tokenFor(request, response),
      email,
      error,
      next: safePath(typeof next === 'string' ? next : textOf(request.body, 'next')),
    });
  };

  router.get('/login', async (request, response) => {
    const { adminId } = request.session;
    // Asked of the database: a session may outlive its account, and would be sent to and fro for ever.
    if (adminId && (await findAdmin(catalog.db, adminId))) return response.redirect(303, '/admin');
    render(request, response);
  });

  router.post('/login', async (request, response) => {
    form.check(request);
    const email = textOf(request.body, 'email').trim();
    const address = clientAddress(request);
    const password = textOf(request.body, 'password');
    const outcome = await logIn({ request, email, password, address });
    await writeDown(outcome, email, address);
    if (outcome.type !== 'in') return render(request, response, email, refuse(response, outcome));
    await beginSession(request, outcome.admin);
    devices.remember(request, response, outcome.admin);
    await redirectWithSession(request, response, safePath(textOf(request.body, 'next')));
  });

  router.post(
    '/logout',
    (request, response, next) => {
      if (request.session.adminId === undefined) return response.redirect(303, '/admin/login');
      requireSessionToken(request, response, next);
    },
    async (request, response) => {
      await promisify(request.session.destroy.bind(request.session))();
      response.clearCookie('nipnime.sid', { path: '/admin' }).redirect(303, '/admin/login');
    },
  );

  return router;
}

/** Gives what is said to somebody who was not let in, and sets the status. */
function refuse(response: Response, outcome: Exclude<LoginOutcome, { type: 'in' }>): string {
  switch (outcome.type) {
    case 'wrong':
      response.status(422);
      return 'The address or the password is not right.';
    case 'limited': {
      response.status(429).set('Retry-After', String(outcome.retryAfterSeconds));
      const minutes = Math.ceil(outcome.retryAfterSeconds / 60);
      return `Too many wrong passwords. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
    }
    case 'busy':
      response.status(503).set('Retry-After', String(BUSY_SECONDS));
      return 'Too many are logging in at the moment. Try again in a few seconds.';
    default:
      return outcome satisfies never;
  }
}

/** Writes down who was let in and who was not. */
function createLoginRecord({ catalog, log }: Dependencies) {
  const refusals = new RefusalJournal(catalog.db, log, REFUSALS);
  return async (outcome: LoginOutcome, email: string, address: string): Promise<void> => {
    if (outcome.type === 'in') {
      const { admin, device } = outcome;
      log.info({ account: admin.email, address }, 'An admin has logged in');
      return recordAudit(catalog.db, {
        actor: { kind: 'admin', id: admin.id, name: admin.email },
        action: 'login.success',
        subjectKind: 'admin',
        subjectId: admin.id,
        details: { address, device: device === undefined ? 'new' : 'known' },
      });
    }
    if (outcome.type === 'busy') return;
    // Once a window: whoever goes on against a closed door would only fill the log.
    if (outcome.type === 'limited' && !outcome.isFirst) return;
    await refusals.record(addressKey(address), () => ({
      actor: { kind: 'anonymous', id: null, name: typedName(email) },
      action: 'login.refused',
      subjectKind: 'admin',
      subjectId: outcome.adminId,
      details: { address, reason: outcome.type === 'wrong' ? 'password' : 'limit' },
    }));
  };
}

/** A new id, so that one that was known before the login opens nothing. */
async function beginSession(request: Request, admin: AdminUser): Promise<void> {
  await promisify(request.session.regenerate.bind(request.session))();
  request.session.adminId = admin.id;
}

/** A path of the back office, or its front page: never another site. */
function safePath(path: string): string {
  return /^\/admin\/[A-Za-z0-9/?=&_.%+-]*$/.test(path) && !path.startsWith('/admin/login') ? path : '/admin';
}
