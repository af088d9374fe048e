import { isNativeError } from 'node:util/types';
import type { Logger } from './log';

/** For Knex's event `query-error`: it puts the query in front of the message, where nobody can tell the two apart any more. */
export function separateSql(error: unknown, { sql }: { readonly sql: string }): void {
  const prefix = `${sql} - `;
  if (!isNativeError(error) || !error.message.startsWith(prefix)) return;
  Object.assign(error, { message: error.message.slice(prefix.length), sql });
}

/** Without this, Knex writes to the console, with a stack for each connection that it does not get. */
export function knexLog(log: Logger | undefined) {
  return {
    // The code that asked for the connection gets the error as well, and reports it.
    warn: (message: unknown) => log?.debug({ from: 'knex' }, String(message)),
    error: (message: unknown) => log?.error({ from: 'knex' }, String(message)),
    deprecate: (method: string, instead: string) =>
      log?.warn({ from: 'knex' }, `${method} is deprecated: use ${instead}`),
    debug: (message: unknown) => log?.debug({ from: 'knex' }, String(message)),
  };
}
