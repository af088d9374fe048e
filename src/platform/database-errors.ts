import { isNativeError } from 'node:util/types';
import type { Logger } from './log';

/** Why the database does not do now what it would do at another time. Nothing here is a fault of the request or of ours. */
export type DatabaseTrouble = {
  /** `away`: there is no connection to be had. `refused`: it answers, and says "not now". */
  readonly kind: 'away' | 'refused';
  /** An SQLSTATE, a code of Node, or the name of the error. */
  readonly code: string;
  /** For the log: what Postgres, pg or Node says about it. It never holds a value of a row. */
  readonly reason: string;
};

/** https://www.postgresql.org/docs/current/errcodes-appendix.html; two characters are a whole class. */
const SQLSTATES: readonly (readonly [DatabaseTrouble['kind'], readonly string[]])[] = [
  // Connections, operators, too many clients, a password or a database that is (still, or again) another.
  ['away', ['08', '57P', '53300', '28', '3D000']],
  // Memory, disk, limits; locks and timeouts; files of the server; a standby; transactions that can be tried again.
  ['refused', ['53', '55P03', '55006', '57014', '58', '25006', '25P03', '25P04', '40']],
];

/** What Node says of a connection that can't be made or that breaks. Its `syscall` covers the rest of connecting. */
const NODE_CODE =
  /^(ECONN[A-Z]+|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_[A-Z]+|ERR_SSL_\w+|ERR_TLS_\w+|EPROTO|CERT_[A-Z_]+|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_[A-Z_]+)$/;

/** What pg, its pool, Knex and its pool say without a code; Knex may put the query in front. */
const CLIENT_MESSAGES: readonly RegExp[] = [
  /(^| - )Connection terminated( unexpectedly| due to connection timeout)?$/,
  /(^| - )Client (has encountered a connection error|was closed) and is not queryable$/,
  /(^| - )Query read timeout$/,
  /(^| - )Received unexpected \w+ message from backend\.?$/,
  /^timeout expired$/,
  /^timeout exceeded when trying to connect$/,
  /^The server does not support SSL connections$/,
  /^There was an error establishing an SSL connection$/,
  /^SASL: /,
  /^Unable to acquire a connection$/,
  // What still waited for a connection when its pool was closed.
  /^aborted$/,
  /^Cannot use a pool after calling end on the pool$/,
  /^Transaction query already complete/,
];

/** Errors that wrap each other more deeply than this are a circle. */
const MAX_DEPTH = 8;

/** What the database means by this error, if it means "not now"; undefined for everything else, such as a violated constraint. */
export function databaseTrouble(error: unknown, depth = 0): DatabaseTrouble | undefined {
  // Not instanceof: what Node's own sockets throw may be an Error of another realm.
  if (!isNativeError(error) || depth > MAX_DEPTH) return undefined;
  const own = ofSqlstate(error) ?? ofConnection(error);
  if (own) return own;
  // Several addresses of one name, each with its own reason (happy eyeballs).
  const inside: readonly unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  for (const each of [error.cause, ...inside]) {
    const found = databaseTrouble(each, depth + 1);
    if (found) return found;
  }
  return undefined;
}

function ofSqlstate(error: Error): DatabaseTrouble | undefined {
  if (!('code' in error) || typeof error.code !== 'string' || !/^[0-9A-Z]{5}$/.test(error.code))
    return undefined;
  const { code } = error;
  for (const [kind, states] of SQLSTATES) {
    if (states.some((state) => code.startsWith(state))) return { kind, code, reason: error.message };
  }
  // Whatever the reason is, Postgres has ended the session, or not begun it.
  const isFatal = 'severity' in error && (error.severity === 'FATAL' || error.severity === 'PANIC');
  return isFatal ? { kind: 'away', code, reason: error.message } : undefined;
}

function ofConnection(error: Error): DatabaseTrouble | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const syscall = 'syscall' in error ? error.syscall : undefined;
  const isConnecting = syscall === 'connect' || syscall === 'getaddrinfo';
  if (code !== undefined && (isConnecting || NODE_CODE.test(code)))
    return { kind: 'away', code, reason: error.message || code };
  if (error.name === 'KnexTimeoutError' || error.name === 'TimeoutError')
    return { kind: 'away', code: error.name, reason: 'no connection was free in time' };
  const isLost = CLIENT_MESSAGES.some((message) => message.test(error.message));
  return isLost ? { kind: 'away', code: error.name, reason: error.message } : undefined;
}

/**
 * Logs that some work failed which is tried again by itself. Where the reason is the database, `DatabaseWatch` has told it
 * already, once for all who meet it.
 */
export function logFailure(log: Logger, error: unknown, message: string): void {
  const trouble = databaseTrouble(error);
  if (trouble) log.debug({ reason: trouble.reason }, message);
  else log.warn({ err: error }, message);
}
