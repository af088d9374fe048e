import { parseArgs } from 'node:util';
import { listApiTokens, revokeApiToken } from '../features/accounts/api-tokens';
import { systemActor } from '../journal/actor';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Takes a token of the JSON API back, for good: from now on it is answered with 401.

  npm run token:revoke -- --id ID
  npm run token:revoke -- --name NAME

npm run token:list shows ids and names. A name that several tokens have is refused.
`;

runCommand(HELP, async (args) => {
  const { id, name } = parseArgs({
    args,
    options: { id: { type: 'string' }, name: { type: 'string' } },
  }).values;
  if ((id === undefined) === (name === undefined))
    throw new UsageError('--id ID or --name NAME is required, and not both.');
  await withDatabase(async ({ db }) => {
    const valid = (await listApiTokens(db)).filter(({ revokedAt }) => revokedAt === undefined);
    const [token, ...others] = valid.filter((each) =>
      id === undefined ? each.name === name : each.id === id,
    );
    if (others.length > 0) {
      const ids = [token, ...others].map((each) => each?.id).join(', ');
      throw new UsageError(`Several tokens have this name: say which one by its --id (${ids}).`);
    }
    if (!token || !(await revokeApiToken(db, systemActor('command'), token.id)))
      throw new UsageError('There is no such token, or it is revoked already.');
    process.stdout.write(`Revoked the token ${token.name} (${token.id}).\n`);
  });
});
