import { parseArgs } from 'node:util';
import { listApiTokens } from '../features/accounts/api-tokens';
import { runCommand, withDatabase } from './support/run-command';
import { jsonText, minuteText, tableText } from './support/table';

const HELP = `Lists the tokens of the JSON API, and when they were last used (UTC).

  npm run --silent token:list [-- --json]
`;

runCommand(HELP, async (args) => {
  const { json } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } }).values;
  await withDatabase(async ({ db }) => {
    const tokens = await listApiTokens(db);
    if (json) {
      const asJson = tokens.map(({ lastUsedAt = null, revokedAt = null, expiresAt = null, ...token }) => ({
        ...token,
        lastUsedAt,
        revokedAt,
        expiresAt,
      }));
      process.stdout.write(jsonText(asJson));
      return;
    }
    const rows = tokens.map(({ id, name, scopes, createdAt, lastUsedAt, expiresAt, revokedAt }) => [
      id,
      name,
      minuteText(createdAt),
      minuteText(lastUsedAt),
      minuteText(expiresAt),
      revokedAt ? minuteText(revokedAt) : '–',
      scopes.join(' '),
    ]);
    process.stdout.write(
      tableText([['id', 'name', 'created', 'last used', 'expires', 'revoked', 'scopes'], ...rows]),
    );
  });
});
