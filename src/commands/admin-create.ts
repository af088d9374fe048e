import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { read } from 'read';
import { createAdmin, emailProblem } from '../accounts/admin-users';
import { loadPasswordCheck } from '../accounts/password-strength';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Creates an admin of the back office.

  npm run admin:create -- --email ADDRESS

The password is asked for, or read from standard input:

  printf '%s' "$PASSWORD" | npm run --silent admin:create -- --email ADDRESS
`;

runCommand(HELP, async (args) => {
  const { email } = parseArgs({ args, options: { email: { type: 'string' } } }).values;
  if (!email) throw new UsageError('--email ADDRESS is required.');
  const wrongEmail = emailProblem(email);
  if (wrongEmail) throw new UsageError(`--email: ${wrongEmail}`);
  const password = process.stdin.isTTY
    ? await askPassword()
    : (await text(process.stdin)).replace(/\r?\n$/, '');
  const wrongPassword = (await loadPasswordCheck())(password, email);
  if (wrongPassword) throw new UsageError(`The password: ${wrongPassword}`);

  await withDatabase(async ({ db }) => {
    if (!(await createAdmin(db, email, password)))
      throw new UsageError(`There is an admin ${email} already.`);
    process.stdout.write(`Created the admin ${email}.\n`);
  });
});

async function askPassword(): Promise<string> {
  const password = await read({ prompt: 'Password: ', silent: true });
  const again = await read({ prompt: 'Once more: ', silent: true });
  if (password !== again) throw new UsageError('The two passwords differ.');
  return password;
}
