import { parseArgs } from 'node:util';
import { createApiToken } from '../accounts/api-tokens';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Creates a token for the JSON API and prints it, once.

  npm run --silent token:create -- --name NAME

NAME says what the token is for; it stands in the audit log beside what was done with it.
`;

runCommand(HELP, async (args) => {
  const { name } = parseArgs({ args, options: { name: { type: 'string' } } }).values;
  const trimmed = name?.trim();
  if (!trimmed) throw new UsageError('--name NAME is required.');
  if (trimmed.length > 60) throw new UsageError('--name: Must have at most 60 characters.');

  await withDatabase(async ({ db }) => {
    process.stdout.write(`${await createApiToken(db, trimmed)}\n`);
  });
});
