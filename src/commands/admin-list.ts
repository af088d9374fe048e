import { parseArgs } from 'node:util';
import { listAdmins } from '../features/accounts/admin-users';
import { runCommand, withDatabase } from './support/run-command';
import { jsonText, minuteText, tableText } from './support/table';

const HELP = `Lists the admins of the back office, and when they were last there (UTC).

  npm run --silent admin:list [-- --json]
`;

runCommand(HELP, async (args) => {
  const { json } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } }).values;
  await withDatabase(async ({ db }) => {
    const admins = await listAdmins(db);
    if (json) {
      process.stdout.write(
        jsonText(admins.map(({ lastSeenAt = null, ...admin }) => ({ ...admin, lastSeenAt }))),
      );
      return;
    }
    const rows = admins.map(({ email, role, hasSecondStep, createdAt, sessions, lastSeenAt }) => [
      email,
      role,
      hasSecondStep ? 'yes' : 'no',
      minuteText(createdAt),
      minuteText(lastSeenAt),
      String(sessions),
    ]);
    process.stdout.write(
      tableText([['address', 'role', 'second step', 'created', 'last seen', 'sessions'], ...rows]),
    );
  });
});
