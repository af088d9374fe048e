import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { read } from 'read';
import { createAdmin, emailProblem } from '../features/accounts/admin-users';
import { loadPasswordCheck } from '../features/accounts/password-strength';
import { isRole, ROLES } from '../features/accounts/roles';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Creates an admin of the back office.

  npm run admin:create -- --email ADDRESS [--role editor]

An editor posts and edits; an admin, which is what is made without --role, also looks after people, tokens and the journal. The password is asked for, or read from standard input:

  printf '%s' "$PASSWORD" | npm run --silent admin:create -- --email ADDRESS
`;

runCommand(HELP, async (args) => {
  const { email, role } = parseArgs({
    args,
    options: { email: { type: 'string' }, role: { type: 'string', default: 'admin' } },
  }).values;
  if (!email) throw new UsageError('--email ADDRESS is required.');
  const wrongEmail = emailProblem(email);
  if (wrongEmail) throw new UsageError(`--email: ${wrongEmail}`);
  if (!isRole(role)) throw new UsageError(`--role: Must be one of ${ROLES.join(', ')}.`);
  const password = process.stdin.isTTY
    ? await askPassword()
    : (await text(process.stdin)).replace(/\r?\n$/, '');
  const wrongPassword = (await loadPasswordCheck())(password, email);
  if (wrongPassword) throw new UsageError(`The password: ${wrongPassword}`);

  await withDatabase(async ({ db }) => {
    if (!(await createAdmin(db, email, password, { role })))
      throw new UsageError(`There is an account ${email} already.`);
    process.stdout.write(`Created the ${role} ${email}.\n`);
  });
});

async function askPassword(): Promise<string> {
  const password = await read({ prompt: 'Password: ', silent: true });
  const again = await read({ prompt: 'Once more: ', silent: true });
  if (password !== again) throw new UsageError('The two passwords differ.');
  return password;
}
