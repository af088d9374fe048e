import { parseArgs } from 'node:util';
import { resetPassword } from '../features/accounts/admin-users';
import { randomPassword } from '../features/accounts/random-password';
import { systemActor } from '../journal/actor';
import { findNamedAdmin } from './support/find-named-admin';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Gives an admin a new password and prints it, once. Their sessions end, and what is open live with them.

  npm run --silent admin:reset -- --email ADDRESS
`;

runCommand(HELP, async (args) => {
  const { email } = parseArgs({ args, options: { email: { type: 'string' } } }).values;
  if (!email) throw new UsageError('--email ADDRESS is required.');
  await withDatabase(async ({ db }) => {
    const admin = await findNamedAdmin(db, email);
    const password = randomPassword();
    const { count } = await resetPassword(db, systemActor('command'), admin, password);
    process.stdout.write(`${password}\n`);
    process.stderr.write(`The new password of ${admin.email}. Sessions that have ended: ${count}.\n`);
  });
});
