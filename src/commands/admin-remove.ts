import { parseArgs } from 'node:util';
import { removeAdmin } from '../features/accounts/admin-users';
import { systemActor } from '../journal/actor';
import { findNamedAdmin } from './support/find-named-admin';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Removes an admin. Their sessions end, and what is open live with them; tokens that they have made are revoked. What they did
stays in the journal.

  npm run admin:remove -- --email ADDRESS [--keep-tokens]

The last one can't be removed.
`;

runCommand(HELP, async (args) => {
  const { email, 'keep-tokens': keepsTokens } = parseArgs({
    args,
    options: { email: { type: 'string' }, 'keep-tokens': { type: 'boolean', default: false } },
  }).values;
  if (!email) throw new UsageError('--email ADDRESS is required.');
  await withDatabase(async ({ db }) => {
    const admin = await findNamedAdmin(db, email);
    const outcome = await removeAdmin(db, systemActor('command'), admin, { keepsTokens });
    if (outcome.type === 'last')
      throw new UsageError(`${admin.email} is the last admin: create another one first (admin:create).`);
    process.stdout.write(
      `Removed the admin ${admin.email}. Sessions that have ended: ${outcome.count}. Tokens that were revoked: ${outcome.tokens}.\n`,
    );
  });
});
