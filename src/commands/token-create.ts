import { parseArgs } from 'node:util';
import { createApiToken } from '../features/accounts/api-tokens';
import { isScope, SCOPES } from '../features/accounts/scopes';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Creates a token for the JSON API and prints it, once.

  npm run --silent token:create -- --name NAME [--scope SCOPE]… [--days N]

  --name NAME    says what the token is for; it stands in the journal beside what was done with it
  --scope SCOPE  what it is good for: ${SCOPES.join(', ')}; all of them without this, several by several
  --days N       its time is over after so many days; without this it has no end
`;

const MAX_DAYS = 3_650;

runCommand(HELP, async (args) => {
  const { name, scope, days } = parseArgs({
    args,
    options: {
      name: { type: 'string' },
      scope: { type: 'string', multiple: true, default: [...SCOPES] },
      days: { type: 'string' },
    },
  }).values;
  const trimmed = name?.trim();
  if (!trimmed) throw new UsageError('--name NAME is required.');
  if (trimmed.length > 60) throw new UsageError('--name: Must have at most 60 characters.');
  const scopes = [...new Set(scope)].filter(isScope);
  if (scopes.length < new Set(scope).size)
    throw new UsageError(`--scope: Must be one of ${SCOPES.join(', ')}.`);
  const expiresAt = days === undefined ? undefined : daysFromNow(days);

  await withDatabase(async ({ db }) => {
    process.stdout.write(`${await createApiToken(db, trimmed, { scopes, expiresAt })}\n`);
  });
});

function daysFromNow(typed: string): Date {
  const days = Number(typed);
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS)
    throw new UsageError(`--days: Must be a whole number from 1 to ${MAX_DAYS}.`);
  return new Date(Date.now() + days * 86_400_000);
}
