import { type Request, type Response, Router } from 'express';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { databaseId } from '../../web/input';
import { redirectWithSession } from '../../web/redirect';
import type { FindOrigin } from '../../web/site-origin';
import {
  adminActor,
  changeRole,
  countTokensMadeBy,
  emailProblem,
  type Invitation,
  invite,
  isRole,
  LINK_HOURS,
  type ListedAdmin,
  listAdmins,
  listInvitations,
  makeResetLink,
  ROLE_LABELS,
  ROLES,
  removeAdmin,
  signedInAs,
  withdrawInvitation,
} from '../accounts/public';

type PeopleNeeds = {
  readonly db: Database;
  readonly findOrigin: FindOrigin;
  /** Ends the streams that hang on the session with this live id, on every node. */
  readonly signOut: (liveId: string) => void;
};

type InvitationForm = { readonly email: string; readonly role: string };
type Errors = Readonly<Record<string, string>>;

const ROLE_OPTIONS = ROLES.map((value) => ({ value, label: ROLE_LABELS[value] }));
const LAST = 'is the last admin: make somebody else one first.';

/** Who may use the back office, and as what. */
export function peopleRoutes({ db, findOrigin, signOut }: PeopleNeeds): Router {
  const router = Router();

  const renderList = async (
    response: Response,
    form: InvitationForm = { email: '', role: 'editor' },
    errors: Errors = {},
  ): Promise<void> => {
    const [people, invitations] = await Promise.all([listAdmins(db), listInvitations(db)]);
    response.render('people/list', {
      title: 'People',
      people: people.map((person) => personRow(person, signedInAs(response).id)),
      invitations: invitations.map(invitationRow),
      form,
      errors,
      isRefused: Object.keys(errors).length > 0,
      roles: ROLE_OPTIONS,
      linkHours: LINK_HOURS,
    });
  };

  const renderPerson = async (
    response: Response,
    person: ListedAdmin,
    errors: Errors = {},
    keepsTokens = false,
  ): Promise<void> => {
    const tokens = await countTokensMadeBy(db, person.id);
    response.render('people/person', {
      tokensText: tokens === 1 ? '1 token' : `${tokens} tokens`,
      hasTokens: tokens > 0,
      keepsTokens,
      title: person.email,
      person: personRow(person, signedInAs(response).id),
      errors,
      isRefused: Object.keys(errors).length > 0,
      roles: ROLE_OPTIONS,
      linkHours: LINK_HOURS,
    });
  };

  const findPerson = async (request: Request): Promise<ListedAdmin> => {
    const id = databaseId.safeParse(request.params.id);
    const person = id.success ? (await listAdmins(db)).find((each) => each.id === id.data) : undefined;
    if (!person) throw new ClientError(404, 'There is nobody like this, or not any more.');
    return person;
  };

  const joinUrl = (request: Request, token: string): string =>
    `${findOrigin(request).origin}/admin/join?${new URLSearchParams({ token })}`;

  router.get('/people', async (_request, response) => renderList(response));

  // A form that was refused is sent to an address that can be opened, too.
  router.get('/people/invitations', (_request, response) => response.redirect(303, '/admin/people'));

  router.post('/people/invitations', async (request, response) => {
    const form = { email: textOf(request.body, 'email').trim(), role: textOf(request.body, 'role') };
    const { email, role } = form;
    const wrongEmail = emailProblem(email);
    if (wrongEmail) return renderList(response.status(422), form, { email: wrongEmail });
    if (!isRole(role)) return renderList(response.status(422), form, { role: 'Must be one of the list.' });
    const token = await invite(db, adminActor(response), { email, role });
    if (token === undefined)
      return renderList(response.status(422), form, { email: 'Has an account already.' });
    request.session.notice = {
      text: `Send this link to ${email} yourself: no e-mail is sent. It is good for ${LINK_HOURS} hours, once, and is not shown again.`,
      secret: { label: 'Link of the invitation', value: joinUrl(request, token) },
    };
    await redirectWithSession(request, response, '/admin/people');
  });

  router.post('/people/invitations/:id/withdraw', async (request, response) => {
    const id = databaseId.safeParse(request.params.id);
    const email = id.success ? await withdrawInvitation(db, adminActor(response), id.data) : undefined;
    request.session.notice = {
      text: email
        ? `The invitation of ${email} was taken back.`
        : 'This invitation was used or taken back already.',
    };
    await redirectWithSession(request, response, '/admin/people');
  });

  router.get('/people/:id', async (request, response) => renderPerson(response, await findPerson(request)));

  router.post('/people/:id/role', async (request, response) => {
    const person = await findPerson(request);
    const role = textOf(request.body, 'role');
    if (!isRole(role))
      return renderPerson(response.status(422), person, { role: 'Must be one of the list.' });
    const outcome = await changeRole(db, adminActor(response), person, role);
    if (outcome.type === 'last')
      return renderPerson(response.status(422), person, { role: `${person.email} ${LAST}` });
    if (outcome.type === 'gone') throw new ClientError(404, 'There is nobody like this any more.');
    for (const liveId of outcome.liveIds) signOut(liveId);
    const ended = outcome.count > 0 ? ' They have to log in again.' : '';
    request.session.notice = { text: `${person.email}: ${ROLE_LABELS[role]}.${ended}` };
    await redirectWithSession(request, response, `/admin/people/${person.id}`);
  });

  router.post('/people/:id/reset-link', async (request, response) => {
    const person = await findPerson(request);
    const token = await makeResetLink(db, adminActor(response), person);
    request.session.notice = {
      text: `Send this link to ${person.email} yourself: no e-mail is sent. It is good for ${LINK_HOURS} hours, once, and is not shown again.`,
      secret: { label: 'Link for another password', value: joinUrl(request, token) },
    };
    await redirectWithSession(request, response, `/admin/people/${person.id}`);
  });

  router.post('/people/:id/remove', async (request, response) => {
    const person = await findPerson(request);
    if (textOf(request.body, 'sure') === '')
      return renderPerson(
        response.status(422),
        person,
        { sure: 'Has to be ticked: it can’t be undone.' },
        textOf(request.body, 'keep') !== '',
      );
    const keepsTokens = textOf(request.body, 'keep') !== '';
    const outcome = await removeAdmin(db, adminActor(response), person, { keepsTokens });
    if (outcome.type === 'last')
      return renderPerson(response.status(422), person, { sure: `${person.email} ${LAST}` });
    for (const liveId of outcome.liveIds) signOut(liveId);
    const revoked = outcome.tokens > 0 ? ` Tokens that were revoked: ${outcome.tokens}.` : '';
    request.session.notice = {
      text: `${person.email} was removed. What they did stays in the journal.${revoked}`,
    };
    await redirectWithSession(request, response, '/admin/people');
  });

  // As above, for the forms of a person.
  for (const form of ['role', 'reset-link', 'remove'])
    router.get(`/people/:id/${form}`, (request, response) =>
      response.redirect(303, `/admin/people/${encodeURIComponent(String(request.params.id))}`),
    );

  return router;
}

function personRow(
  { id, email, role, hasSecondStep, createdAt, lastSeenAt, sessions }: ListedAdmin,
  ownId: string,
) {
  return {
    email,
    role,
    isYou: id === ownId,
    roleText: ROLE_LABELS[role],
    secondText: hasSecondStep ? 'Yes' : 'No',
    createdAt,
    lastSeenAt,
    sessionsText: sessions === 1 ? '1 session' : `${sessions} sessions`,
    url: `/admin/people/${id}`,
    journalUrl: `/admin/journal?${new URLSearchParams({ actor: `admin:${id}` })}`,
  };
}

function invitationRow({ id, email, role, createdBy, expiresAt }: Invitation) {
  return {
    email,
    roleText: ROLE_LABELS[role],
    createdBy,
    expiresAt,
    withdrawUrl: `/admin/people/invitations/${id}/withdraw`,
  };
}
