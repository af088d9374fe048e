import { type Request, type Response, Router } from 'express';
import { recordAudit } from '../../journal/journal';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { databaseId } from '../../web/input';
import { redirectWithSession } from '../../web/redirect';
import { isTimeZone, timeZones } from '../../web/time-zone';
import { zoneOf } from '../../web/visitor-zone';
import {
  aboutAdmin,
  adminActor,
  browserName,
  changePassword,
  chooseTimeZone,
  clockOf,
  createPasswordProof,
  endSessions,
  findPasswordChange,
  findSecondSteps,
  type HashQueue,
  IDLE_HOURS,
  isPasswordEnough,
  type ListedSession,
  LONGEST_DAYS,
  type LoginLimits,
  listSessions,
  safePath,
  signedInAs,
} from '../accounts/public';
import { checkNewPassword, type PasswordErrors, wordsOfProof } from './new-password';

type AccountNeeds = {
  readonly db: Database;
  readonly loginLimits: LoginLimits;
  readonly hashQueue: HashQueue;
  /** Ends the streams that hang on the session with this live id, on every node. */
  readonly signOut: (liveId: string) => void;
};

/** What somebody who is logged in has of their own: a password, and sessions. */
export function ownAccountRoutes(needs: AccountNeeds): Router {
  const { db, signOut } = needs;
  const provePassword = createPasswordProof(db, needs);
  const router = Router();

  router.get('/account', async (request, response) => {
    const { id, timeZone } = signedInAs(response);
    const [visited, { zone }] = [zoneOf(request), clockOf(response)];
    const [sessions, changedAt, steps] = await Promise.all([
      listSessions(db, id, request.sessionID),
      findPasswordChange(db, id),
      findSecondSteps(db, id),
    ]);
    response.render('accounts/account', {
      title: 'Your account',
      sessions: sessions.map(sessionRow),
      changedAt,
      zone,
      isZoneChosen: timeZone !== undefined,
      // Whoever has not chosen yet is shown what the browser says, to be saved or changed.
      zones: zoneGroups(timeZone === undefined ? visited : zone),
      browserZone: visited === zone ? undefined : visited,
      now: new Date(),
      hasSecond: !isPasswordEnough(steps),
      secondText: isPasswordEnough(steps)
        ? 'Only your password is asked for. A passkey, or a code of an app on your phone, would keep out whoever has got it.'
        : `After the password, ${stepsText(steps)} is asked for.`,
      idleHours: IDLE_HOURS,
      longestDays: LONGEST_DAYS,
    });
  });

  const renderPassword = (request: Request, response: Response, errors: PasswordErrors = {}): void => {
    const { next } = request.query;
    response.render('accounts/password', {
      title: 'Change the password',
      errors,
      isRefused: Object.keys(errors).length > 0,
      next: typeof next === 'string' ? next : textOf(request.body, 'next'),
    });
  };

  router.get('/account/password', (request, response) => renderPassword(request, response));

  router.post('/account/password', async (request, response) => {
    const admin = signedInAs(response);
    const refuse = (status: number, errors: PasswordErrors): void =>
      renderPassword(request, response.status(status), errors);
    const present = textOf(request.body, 'present');
    const password = textOf(request.body, 'password');
    const proof = await provePassword(admin, present);
    if (proof.type !== 'right') {
      const { status, retryAfterSeconds, message } = wordsOfProof(proof);
      if (retryAfterSeconds) response.set('Retry-After', String(retryAfterSeconds));
      return refuse(status, { present: message });
    }
    const errors = await checkNewPassword(admin, {
      present,
      password,
      again: textOf(request.body, 'again'),
    });
    if (Object.keys(errors).length > 0) return refuse(422, errors);
    const ended = await changePassword(
      db,
      adminActor(response),
      { ...admin, passwordHash: proof.passwordHash },
      { password, sid: request.sessionID },
    );
    if (!ended) return refuse(422, { present: 'Was changed meanwhile: type the one that is valid now.' });
    for (const liveId of ended.liveIds) signOut(liveId);
    request.session.notice = { text: `Your password was changed.${endedText(ended.count)}` };
    const next = safePath(textOf(request.body, 'next'));
    await redirectWithSession(request, response, next === '/admin' ? '/admin/account' : next);
  });

  // Where the form is sent: when it was refused, a reload by hand leads here.
  router.get('/account/time-zone', (_request, response) => response.redirect(303, ZONE_ADDRESS));

  router.post('/account/time-zone', async (request, response) => {
    const admin = signedInAs(response);
    const zone = textOf(request.body, 'zone');
    if (!isTimeZone(zone)) throw new ClientError(422, `There is no time zone “${zone.slice(0, 64)}” here.`);
    if (zone !== admin.timeZone) await chooseTimeZone(db, adminActor(response), admin, zone);
    request.session.notice = { text: `Times are in ${zone} from now on.` };
    const back = safePath(textOf(request.body, 'back'));
    await redirectWithSession(request, response, back === '/admin' ? ZONE_ADDRESS : back);
  });

  router.post('/account/sessions/end', async (request, response) => {
    await end(request, response, { exceptSid: request.sessionID });
  });

  router.post('/account/sessions/:id/end', async (request, response) => {
    const id = databaseId.safeParse(request.params.id);
    if (!id.success) throw new ClientError(404, 'There is no such session.');
    await end(request, response, { id: id.data });
  });

  const end = async (
    request: Request,
    response: Response,
    which: { readonly id?: string; readonly exceptSid?: string },
  ): Promise<void> => {
    const admin = signedInAs(response);
    const { count, liveIds } = await db.transaction(async (trx) => {
      const ended = await endSessions(trx, { adminId: admin.id, ...which });
      if (ended.count > 0)
        await recordAudit(
          trx,
          aboutAdmin(adminActor(response), 'session.end', admin, { sessions: ended.count }),
        );
      return ended;
    });
    for (const liveId of liveIds) signOut(liveId);
    request.session.notice = { text: count === 0 ? 'There was nothing to end.' : endedText(count).trim() };
    await redirectWithSession(request, response, '/admin/account');
  };

  return router;
}

const ZONE_ADDRESS = '/admin/account#time-zone';

/** For the select: the zones of a region under its name. @param chosen may be one that has another name by now */
function zoneGroups(chosen: string) {
  const groups = new Map<string, { readonly value: string; readonly label: string }[]>();
  for (const value of new Set([...timeZones(), chosen])) {
    const [region = '', ...place] = value.split('/');
    const group = place.length === 0 ? '' : region;
    const label = (place.length === 0 ? value : place.join(' – ')).replaceAll('_', ' ');
    groups.set(group, [...(groups.get(group) ?? []), { value, label }]);
  }
  return { chosen, groups: [...groups].map(([label, options]) => ({ label, options })) };
}

function stepsText({
  appSince,
  passkeys,
}: {
  readonly appSince: Date | undefined;
  readonly passkeys: number;
}): string {
  const app = appSince ? ['the code of your authenticator app'] : [];
  return [...app, ...(passkeys > 0 ? ['a passkey'] : [])].join(' or ');
}

function endedText(count: number): string {
  if (count === 0) return '';
  return count === 1 ? ' One other session has ended.' : ` ${count} other sessions have ended.`;
}

function sessionRow({ id, beganAt, seenAt, address, browser, isThis }: ListedSession) {
  return {
    isThis,
    browserText: browser === undefined ? 'Unknown browser' : browserName(browser),
    addressText: address ?? 'unknown',
    beganAt,
    seenAt,
    endUrl: `/admin/account/sessions/${id}/end`,
  };
}
