import { type Request, type RequestHandler, type Response, Router } from 'express';
import { renderSVG } from 'uqr';
import type { Database } from '../../platform/database';
import type { SealedTexts } from '../../platform/sealed-text';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { databaseId, parseInput, requiredLine } from '../../web/input';
import { redirectWithSession } from '../../web/redirect';
import type { FindOrigin } from '../../web/site-origin';
import {
  addPasskey,
  adminActor,
  askForNewPasskey,
  beginApp,
  confirmApp,
  createPasswordProof,
  findSecondSteps,
  type HashQueue,
  isPasswordEnough,
  type LoginLimits,
  listPasskeys,
  type Passkey,
  removeApp,
  removePasskey,
  renewCodes,
  signedInAs,
} from '../accounts/public';
import { wordsOfProof } from './new-password';
import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** Up to when whoever is at the desk counts as the one who knows the password. */
    provedUntilMs: number;
  }
}

type SecondStepNeeds = {
  readonly db: Database;
  readonly loginLimits: LoginLimits;
  readonly hashQueue: HashQueue;
  /** Of authenticator apps. */
  readonly appSecrets: SealedTexts;
  readonly findOrigin: FindOrigin;
};

/** Long enough to set up a phone. */
const PROVED_MS = 10 * 60_000;
const PAGE = '/admin/account/second-steps';
/** What the app calls the account's site. */
const ISSUER = 'nipnime';

/** What is asked for after the password: whoever looks after it has shown the password once more. */
export function secondStepRoutes(needs: SecondStepNeeds): Router {
  const { db, appSecrets, findOrigin } = needs;
  const provePassword = createPasswordProof(db, needs);
  const router = Router();

  const renderProof = (response: Response, error?: string): void => {
    response.render('accounts/prove', { title: 'Your password once more', error });
  };

  /** Asks for the password instead, unless it was asked for lately; a form that comes too late changes nothing. */
  const requireProof: RequestHandler = (request, response, next) => {
    if ((request.session.provedUntilMs ?? 0) > Date.now()) return next();
    if (request.method === 'GET') return renderProof(response);
    renderProof(response.status(403), 'Nothing was changed: it took too long since you last typed it.');
  };

  router.get('/account/second-steps', requireProof, async (_request, response) => {
    const { id } = signedInAs(response);
    const [steps, passkeys] = await Promise.all([findSecondSteps(db, id), listPasskeys(db, id)]);
    const { appSince, codesLeft } = steps;
    response.render('accounts/second-steps', {
      title: 'The second step',
      passkeys: passkeys.map(passkeyRow),
      hasAny: !isPasswordEnough(steps),
      appSince,
      codesLeft,
    });
  });

  router.post('/account/second-steps/prove', async (request, response) => {
    const proof = await provePassword(signedInAs(response), textOf(request.body, 'present'));
    if (proof.type !== 'right') {
      const { status, retryAfterSeconds, message } = wordsOfProof(proof);
      if (retryAfterSeconds) response.set('Retry-After', String(retryAfterSeconds));
      return renderProof(response.status(status), message);
    }
    request.session.provedUntilMs = Date.now() + PROVED_MS;
    await redirectWithSession(request, response, PAGE);
  });
  router.get('/account/second-steps/prove', (_request, response) => response.redirect(303, PAGE));

  const renderApp = async (request: Request, response: Response, error?: string): Promise<void> => {
    const app = await beginApp(db, appSecrets, { admin: signedInAs(response), issuer: ISSUER });
    if (!app) {
      request.session.notice = { text: 'There is an authenticator app already. Remove it first.' };
      return redirectWithSession(request, response, PAGE);
    }
    const picture = renderSVG(app.uri, { border: 2 });
    response.render('accounts/app', {
      title: 'An authenticator app',
      // In groups of four, as people read it.
      secret: app.secret.replace(/(.{4})(?=.)/g, '$1 '),
      picture: `data:image/svg+xml;base64,${Buffer.from(picture).toString('base64')}`,
      error,
    });
  };

  router.get('/account/second-steps/app', requireProof, async (request, response) =>
    renderApp(request, response),
  );

  router.post('/account/second-steps/app', requireProof, async (request, response) => {
    const codes = await confirmApp(db, appSecrets, {
      actor: adminActor(response),
      admin: signedInAs(response),
      typed: textOf(request.body, 'code'),
    });
    if (!codes)
      return renderApp(
        request,
        response.status(422),
        'Is not the one that the app shows now. Are the clocks right?',
      );
    const text = 'The authenticator app is set up: from now on its code is asked for at every log-in.';
    if (codes.length > 0) showCodes(request, text, codes);
    else request.session.notice = { text };
    await redirectWithSession(request, response, PAGE);
  });

  router.post('/account/second-steps/app/remove', requireProof, async (request, response) => {
    const isRemoved = await removeApp(db, adminActor(response), signedInAs(response));
    request.session.notice = {
      text: isRemoved ? 'The authenticator app was removed.' : 'There is no authenticator app.',
    };
    await redirectWithSession(request, response, PAGE);
  });

  router.post('/account/second-steps/codes', requireProof, async (request, response) => {
    const admin = signedInAs(response);
    if (!isPasswordEnough(await findSecondSteps(db, admin.id)))
      showCodes(
        request,
        'Your former recovery codes are worth nothing any more.',
        await renewCodes(db, adminActor(response), admin),
      );
    await redirectWithSession(request, response, PAGE);
  });
  const renderPasskey = async (request: Request, response: Response, form: PasskeyForm): Promise<void> => {
    const party = { ...findOrigin(request), name: ISSUER };
    const options = await askForNewPasskey(db, signedInAs(response), party);
    if (!options) {
      request.session.notice = { text: 'There are enough passkeys already. Remove one first.' };
      return redirectWithSession(request, response, PAGE);
    }
    request.session.passkeyChallenge = options.challenge;
    response.render('accounts/passkey', { title: 'A passkey', options: JSON.stringify(options), ...form });
  };

  router.get('/account/second-steps/passkeys', requireProof, async (request, response) =>
    renderPasskey(request, response, { name: 'This device' }),
  );

  router.post('/account/second-steps/passkeys', requireProof, async (request, response) => {
    const { passkeyChallenge: challenge } = request.session;
    delete request.session.passkeyChallenge;
    const typed = textOf(request.body, 'name');
    const name = parseInput(requiredLine(MAX_NAME_LENGTH), typed);
    if (!name.ok) {
      const nameError = name.errors[0]?.message;
      return renderPasskey(request, response.status(422), { name: typed, nameError });
    }
    const codes =
      challenge === undefined
        ? undefined
        : await addPasskey(
            db,
            { actor: adminActor(response), admin: signedInAs(response), name: name.value },
            {
              sent: textOf(request.body, 'credential'),
              challenge,
              party: { ...findOrigin(request), name: ISSUER },
            },
          );
    if (!codes)
      return renderPasskey(request, response.status(422), {
        name: typed,
        problem: 'The browser gave no passkey that is good here. Try again.',
      });
    const text = `The passkey ${name.value} was added: from now on a second step is asked for at every log-in.`;
    if (codes.length > 0) showCodes(request, text, codes);
    else request.session.notice = { text };
    await redirectWithSession(request, response, PAGE);
  });

  router.post('/account/second-steps/passkeys/:id/remove', requireProof, async (request, response) => {
    const id = databaseId.safeParse(request.params.id);
    if (!id.success) throw new ClientError(404, 'There is no such passkey.');
    const isRemoved = await removePasskey(db, adminActor(response), signedInAs(response), id.data);
    request.session.notice = { text: isRemoved ? 'The passkey was removed.' : 'There is no such passkey.' };
    await redirectWithSession(request, response, PAGE);
  });
  router.get('/account/second-steps/passkeys/:id/remove', (_request, response) =>
    response.redirect(303, PAGE),
  );

  for (const form of ['app/remove', 'codes'])
    router.get(`/account/second-steps/${form}`, (_request, response) => response.redirect(303, PAGE));

  return router;
}

const MAX_NAME_LENGTH = 60;

type PasskeyForm = {
  readonly name: string;
  readonly nameError?: string | undefined;
  readonly problem?: string;
};

function passkeyRow({ id, name, createdAt, lastUsedAt }: Passkey) {
  return {
    name,
    createdAt,
    lastUsedAt,
    removeUrl: `${PAGE}/passkeys/${id}/remove`,
  };
}

function showCodes(request: Request, text: string, codes: readonly string[]): void {
  request.session.notice = {
    text: `${text} Keep these recovery codes where you keep your passwords: each lets you in once without the app or the passkey, and they are not shown again.`,
    secret: { label: 'Recovery codes', value: codes.join('\n') },
  };
}
