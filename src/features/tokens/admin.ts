import { type Response, Router } from 'express';
import { z } from 'zod';
import type { Database } from '../../platform/database';
import { textOf } from '../../web/form';
import { databaseId, parseInput, requiredLine } from '../../web/input';
import { redirectWithSession } from '../../web/redirect';
import {
  adminActor,
  createApiToken,
  isScope,
  type ListedToken,
  listApiTokens,
  revokeApiToken,
  SCOPE_LABELS,
  SCOPES,
} from '../accounts/public';

const DAY_MS = 86_400_000;
const MAX_NAME_LENGTH = 60;
/** For how many days, as the form offers it. */
const TIMES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: '', label: 'No end' },
] as const;

type TokenForm = { readonly name: string; readonly scopes: readonly string[]; readonly days: string };

const NEW_TOKEN: TokenForm = { name: '', scopes: ['read', 'episodes:write'], days: '90' };

/** Problems in the words of the form, by the names of its fields. */
const tokenSchema = z.strictObject({
  name: requiredLine(MAX_NAME_LENGTH),
  scopes: z.array(z.string().refine(isScope, 'Must be of the list.')).min(1, 'Choose at least one.'),
  days: z.enum(
    TIMES.map(({ value }) => value),
    'Must be one of the list.',
  ),
});

const LABELS: Readonly<Record<string, string>> = {
  name: 'Name',
  scopes: 'What it is good for',
  days: 'For how long',
};

/** The tokens with which scripts use the API. */
export function tokenRoutes({ db }: { readonly db: Database }): Router {
  const router = Router();

  const render = async (
    response: Response,
    form: TokenForm = NEW_TOKEN,
    errors: Readonly<Record<string, string>> = {},
  ): Promise<void> => {
    const now = new Date();
    response.render('tokens/list', {
      title: 'Tokens',
      tokens: (await listApiTokens(db)).map((token) => tokenRow(token, now)),
      form,
      scopes: SCOPES.map((value) => ({
        value,
        label: SCOPE_LABELS[value],
        isChosen: form.scopes.includes(value),
      })),
      times: TIMES,
      errors,
      problems: Object.entries(errors).map(([name, message]) => ({
        href: `#field-${name}`,
        label: LABELS[name] ?? name,
        message,
      })),
    });
  };

  router.get('/tokens', async (_request, response) => render(response));

  router.post('/tokens', async (request, response) => {
    const form = {
      name: textOf(request.body, 'name'),
      scopes: SCOPES.filter((scope) => textOf(request.body, `scope-${scope}`) !== ''),
      days: textOf(request.body, 'days'),
    };
    const parsed = parseInput(tokenSchema, form);
    if (!parsed.ok) {
      const errors = parsed.errors.map(({ field, message }) => [field, message]);
      return render(response.status(422), form, Object.fromEntries(errors));
    }
    const { name, scopes, days } = parsed.value;
    const expiresAt = days === '' ? undefined : new Date(Date.now() + Number(days) * DAY_MS);
    const token = await createApiToken(db, name, {
      actor: adminActor(response),
      scopes: scopes.filter(isScope),
      expiresAt,
    });
    request.session.notice = {
      text: `The token ${name} was made. It is not shown again: only its hash is kept.`,
      secret: { label: 'Token', value: token },
    };
    await redirectWithSession(request, response, '/admin/tokens');
  });

  router.post('/tokens/:id/revoke', async (request, response) => {
    const id = databaseId.safeParse(request.params.id);
    const isRevoked = id.success && (await revokeApiToken(db, adminActor(response), id.data));
    request.session.notice = {
      text: isRevoked ? 'The token was revoked.' : 'There is no such token, or it was revoked already.',
    };
    await redirectWithSession(request, response, '/admin/tokens');
  });

  return router;
}

function tokenRow({ id, name, createdAt, lastUsedAt, revokedAt, expiresAt, scopes }: ListedToken, now: Date) {
  const isOver = expiresAt !== undefined && expiresAt <= now;
  return {
    id,
    name,
    isValid: !revokedAt && !isOver,
    createdAt,
    lastUsedAt,
    scopesText: scopes.length === SCOPES.length ? 'Everything' : scopes.join(', '),
    until: revokedAt
      ? { text: 'Revoked', at: revokedAt }
      : expiresAt
        ? { text: isOver ? 'Over since' : 'Until', at: expiresAt }
        : { text: 'No end' },
    revokeUrl: `/admin/tokens/${id}/revoke`,
    journalUrl: `/admin/journal?${new URLSearchParams({ actor: `token:${id}` })}`,
  };
}
