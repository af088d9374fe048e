import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { errorForLog } from './error-for-log';

export type { Logger } from 'pino';

/**
 * Makes a logger that writes JSON lines to standard error; on a terminal, lines for people. Standard output is left to commands'
 * results.
 * @param destination is written to instead of standard error
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = { level, serializers: { err: errorForLog } };
  if (destination) return pino(options, destination);
  if (!process.stderr.isTTY) return pino(options, pino.destination(2));
  return pino(
    options,
    pretty({
      destination: 2,
      ignore: 'pid,hostname,req,res,responseTime,reqId',
      translateTime: 'HH:MM:ss',
      sync: true,
    }),
  );
}
