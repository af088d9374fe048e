import { isNativeError } from 'node:util/types';
import { logFailure } from './database-errors';
import type { Logger } from './log';

/**
 * Sends to the log what Node and libraries would write to standard error by themselves: warnings, deprecations, and what ends
 * the process. Ends it with status 1 after an error that nobody handled, as Node does.
 */
export function logProcess(log: Logger): void {
  // This removes Node's own listener, which prints.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => log.warn({ from: name }, message));
  // By depd, which Express and its relatives use. https://github.com/dougwilson/nodejs-depd#processondeprecation-fn
  process.on('deprecation' as 'warning', ({ message }) => log.warn({ from: 'DeprecationWarning' }, message));
  for (const name of ['error', 'trace', 'warn'] as const) {
    // Nothing of ours writes to it; graphile-worker does.
    console[name] = (...given: unknown[]) => {
      const error = given.find(isNativeError);
      if (error) logFailure(log, error, 'A library has met an error');
      else log.warn({ from: 'console' }, String(given[0]));
    };
  }
  // Rejections come here, too.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'An error that nobody handled ends the process');
    process.exit(1);
  });
}
