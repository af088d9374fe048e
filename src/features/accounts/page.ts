import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { type Request, type Response, Router } from 'express';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import type { SealedTexts } from '../../platform/sealed-text';
import { textOf } from '../../web/form';
import { carriedForm, sendCarriedForm } from '../../web/kept-form';
import { redirectWithSession } from '../../web/redirect';
import type { FindOrigin } from '../../web/site-origin';
import { forgetSession } from './admin';
import type { AdminUser } from './admin-users';
import { DeviceCookies } from './device-cookie';
import type { HashQueue } from './hash-queue';
import { createLogIn } from './login-attempt';
import { createLoginRecord, type LoginRefusal } from './login-record';
import { askForPasskey, takePasskey } from './passkeys';
import { findPending, pendingLogin } from './pending-login';
import type { LoginLimits } from './rate-limits';
import { safePath } from './safe-path';
import { findSecondSteps, isPasswordEnough, takeCode } from './second-steps';
import { endSession, findSignedIn } from './sessions';

/** In this time the queue for passwords has moved on, whoever stands in it. */
const BUSY_SECONDS = 3;
/** In the place of a device: all who know the password of an account have these tries together. */
const SECOND_STEP = 'second step';

type LoginNeeds = {
  readonly db: Database;
  readonly log: Logger;
  readonly clientAddress: (request: Request) => string;
  readonly sessionSecret: string;
  readonly loginLimits: LoginLimits;
  readonly hashQueue: HashQueue;
  /** Of authenticator apps. */
  readonly appSecrets: SealedTexts;
  readonly findOrigin: FindOrigin;
  /** Ends the streams that hang on the session with this live id, on every node. */
  readonly signOut: (liveId: string) => void;
  /** Called for each try that let nobody in. */
  readonly onRefused: (reason: LoginRefusal) => void;
};

/** Somebody who has shown all that is asked for. */
type ToLetIn = {
  readonly admin: AdminUser & { readonly passwordHash: string };
  readonly isKnownDevice: boolean;
  readonly second?: string;
};

export function loginRoutes(needs: LoginNeeds): Router {
  const { db, log, clientAddress, sessionSecret, loginLimits, hashQueue, appSecrets, findOrigin, signOut } =
    needs;
  const devices = new DeviceCookies(sessionSecret);
  const logIn = createLogIn(db, { loginLimits, devices, hashQueue });
  const record = createLoginRecord(db, log, needs.onRefused);
  const router = Router();

  const render = (request: Request, response: Response, email = '', error?: string): void => {
    const { done } = request.query;
    const kept = carriedForm(request.body);
    if (kept)
      return response.render('accounts/log-in-again', { title: 'Log in to go on', email, error, kept });
    response.set('Cache-Control', 'no-store').render('accounts/login', {
      title: 'Log in',
      email,
      error,
      hasNewPassword: done === 'password' && error === undefined,
      next: nextOf(request),
    });
  };

  const letIn = async (
    request: Request,
    response: Response,
    { admin, isKnownDevice, second }: ToLetIn,
  ): Promise<void> => {
    await record.letIn(admin, { address: clientAddress(request), isKnownDevice, second });
    await newSession(request);
    request.session.adminId = admin.id;
    request.session.liveId = randomUUID();
    const device = devices.newCookie(admin);
    response.cookie(device.name, device.value, {
      httpOnly: true,
      sameSite: 'lax',
      secure: request.secure,
      maxAge: device.maxAgeMs,
      path: '/admin/login',
    });
    const kept = carriedForm(request.body);
    if (kept) return sendCarriedForm(request, response, kept);
    await redirectWithSession(request, response, nextOf(request));
  };

  router.get('/login', async (request, response) => {
    const { adminId } = request.session;
    // Asked of the database: a session may outlive its account, and would be sent to and fro for ever.
    const isIn = adminId && (await findSignedIn(db, request.sessionID, { address: clientAddress(request) }));
    if (isIn) return response.redirect(303, '/admin');
    render(request, response);
  });

  router.post('/login', async (request, response) => {
    const email = textOf(request.body, 'email').trim();
    const address = clientAddress(request);
    const password = textOf(request.body, 'password');
    const outcome = await logIn({ request, email, password, address });
    if (outcome.type !== 'in') {
      await record.passwordRefused(outcome, email, address);
      return render(request, response, email, refuse(response, outcome));
    }
    const { admin } = outcome;
    const isKnownDevice = outcome.device !== undefined;
    if (isPasswordEnough(await findSecondSteps(db, admin.id)))
      return letIn(request, response, { admin, isKnownDevice });
    await newSession(request);
    request.session.pending = pendingLogin(admin, isKnownDevice);
    // A form that is carried through the log-in is carried on: a redirect would lose it.
    if (carriedForm(request.body)) return renderSecond(request, response, { admin });
    const query = new URLSearchParams({ next: nextOf(request) });
    await redirectWithSession(request, response, `/admin/login/second?${query}`);
  });

  const renderSecond = async (
    request: Request,
    response: Response,
    { admin, error }: { readonly admin: AdminUser; readonly error?: string },
  ): Promise<void> => {
    const { appSince } = await findSecondSteps(db, admin.id);
    const options = await askForPasskey(db, admin.id, findOrigin(request));
    if (options) request.session.passkeyChallenge = options.challenge;
    response.set('Cache-Control', 'no-store').render('accounts/second-step', {
      title: 'The second step',
      hasApp: appSince !== undefined,
      passkeyOptions: options && JSON.stringify(options),
      error,
      kept: carriedForm(request.body),
      next: nextOf(request),
    });
  };
  const startAgain = (request: Request, response: Response): void => {
    if (carriedForm(request.body)) return render(request, response);
    response.redirect(303, `/admin/login?${new URLSearchParams({ next: nextOf(request) })}`);
  };

  router.get('/login/second', async (request, response) => {
    const admin = await findPending(db, request.session.pending);
    if (!admin) return startAgain(request, response);
    await renderSecond(request, response, { admin });
  });

  /** By what somebody has taken the second step; undefined when they have not. */
  const takeSecond = async (request: Request, admin: AdminUser): Promise<string | undefined> => {
    const sent = textOf(request.body, 'credential');
    if (sent === '') return takeCode(db, appSecrets, admin.id, textOf(request.body, 'code'));
    const { passkeyChallenge: challenge } = request.session;
    delete request.session.passkeyChallenge;
    if (challenge === undefined) return undefined;
    const party = { ...findOrigin(request), name: '' };
    return (await takePasskey(db, admin.id, { sent, challenge, party })) ? 'passkey' : undefined;
  };

  router.post('/login/second', async (request, response) => {
    const { pending } = request.session;
    const admin = await findPending(db, pending);
    if (!admin || !pending) return startAgain(request, response);
    const loginTry = loginLimits.beginTry();
    const refusal = await loginTry.fromDevice(admin.folded, SECOND_STEP);
    if (refusal) {
      record.secondLimited();
      const error = refuse(response, { type: 'limited', ...refusal }, 'codes');
      return renderSecond(request, response, { admin, error });
    }
    const second = await takeSecond(request, admin);
    if (second === undefined) {
      await record.secondRefused(admin, clientAddress(request));
      const error = textOf(request.body, 'credential')
        ? 'The passkey is not one of yours here. Try again.'
        : 'The code is not right, or was used already.';
      return renderSecond(request, response.status(422), { admin, error });
    }
    await loginTry.giveBack();
    await letIn(request, response, { admin, isKnownDevice: pending.isKnownDevice, second });
  });

  router.post('/logout', async (request, response) => {
    if (request.session.adminId !== undefined) {
      const { liveId } = request.session;
      // The row stays: a request of another tab that is under way must not bring the session back.
      await endSession(db, request.sessionID);
      if (liveId !== undefined) signOut(liveId);
      forgetSession(request, response);
      // Else express-session would give the cookie again.
      Object.assign(request, { session: undefined });
    }
    response.redirect(303, '/admin/login');
  });

  return router;
}

/** Sets the status for somebody who was not let in, and returns the words for them. */
function refuse(
  response: Response,
  outcome:
    | { readonly type: 'wrong' | 'busy' }
    | { readonly type: 'limited'; readonly retryAfterSeconds: number },
  what: 'passwords' | 'codes' = 'passwords',
): string {
  switch (outcome.type) {
    case 'wrong':
      response.status(422);
      return 'The address or the password is not right.';
    case 'limited': {
      response.status(429).set('Retry-After', String(outcome.retryAfterSeconds));
      const minutes = Math.ceil(outcome.retryAfterSeconds / 60);
      return `Too many wrong ${what}. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
    }
    case 'busy':
      response.status(503).set('Retry-After', String(BUSY_SECONDS));
      return 'Too many are logging in at the moment. Try again in a few seconds.';
    default:
      return outcome satisfies never;
  }
}

/** Where somebody wanted to go; by the address of the page, or by its form. */
function nextOf({ query, body }: Request): string {
  return safePath(typeof query.next === 'string' ? query.next : textOf(body, 'next'));
}

/** A new id, so that one that was known before the login opens nothing. */
async function newSession(request: Request): Promise<void> {
  await promisify(request.session.regenerate.bind(request.session))();
}
