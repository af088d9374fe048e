import { parseArgs } from 'node:util';
import { runCommand, withDatabase } from './support/run-command';

const HELP = `Brings the database's schema up to date. The site does so itself when it starts.

  npm run migrate
`;

runCommand(HELP, async (args) => {
  parseArgs({ args, options: {} });
  await withDatabase(async () => {
    process.stdout.write('The schema is up to date.\n');
  });
});
