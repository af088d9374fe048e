import { sep } from 'node:path';
import { databaseTrouble } from '../platform/database-errors';
import { assetsFolder } from '../platform/project';
import { SetupError } from '../platform/setup-error';
import { type Config, ConfigError } from './config';

type Around = Pick<Config, 'databaseUrl' | 'dataDir' | 'host' | 'port' | 'metrics'>;

/** What Node says of an error of the system: https://nodejs.org/api/errors.html#class-systemerror */
type SystemError = Error & {
  readonly code: string;
  readonly syscall?: string;
  readonly path?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
};

/**
 * What is wrong around the site, and what to do, as a sentence for operators; undefined where the error is none that they can
 * mend, and developers need its stack. No sentence holds a secret.
 */
export function startProblem(error: unknown, around: Around): string | undefined {
  if (error instanceof SetupError || error instanceof ConfigError) return error.message;
  return (
    (isSystemError(error) ? (listenProblem(error, around) ?? fileProblem(error, around)) : undefined) ??
    databaseProblem(error, around)
  );
}

function isSystemError(error: unknown): error is SystemError {
  // Not instanceof: what Node itself throws may be an Error of another realm.
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}

function listenProblem(error: SystemError, { host, port, metrics }: Around): string | undefined {
  const { code, syscall, port: errorPort, hostname, address = hostname } = error;
  const isLookup = syscall === 'getaddrinfo' && (hostname === host || hostname === metrics?.host);
  if (syscall !== 'listen' && syscall !== 'bind' && !isLookup) return undefined;
  const isOfMetrics =
    metrics !== undefined && address === metrics.host && (address !== host || errorPort === metrics.port);
  const at = isOfMetrics ? `${metrics.host}:${metrics.port}` : `${host}:${port}`;
  const prefix = isOfMetrics ? 'METRICS_' : '';
  switch (code) {
    case 'EADDRINUSE':
      return `something listens at ${at} already (${code}): end it, or choose another ${prefix}PORT.`;
    case 'EACCES':
      return `this process may not listen at ${at} (${code}): choose a ${prefix}PORT from 1024 on, with a proxy in front, or give it the right to smaller ones (CAP_NET_BIND_SERVICE).`;
    default:
      return `${at} is no address of this machine (${code}): correct ${prefix}HOST, such as 127.0.0.1, or 0.0.0.0 for all of them.`;
  }
}

function fileProblem({ code, path }: SystemError, { dataDir }: Around): string | undefined {
  if (path === undefined) return undefined;
  if (code === 'ENOENT' && isIn(assetsFolder(), path))
    return `the site is not built (there is no ${path}): run npm run build.`;
  if (!isIn(dataDir, path)) return undefined;
  return `${path} can't be used (${code}): let the account of this process write to DATA_DIR, which is ${dataDir}, or choose another one.`;
}

function isIn(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

function databaseProblem(error: unknown, { databaseUrl }: Around): string | undefined {
  // The embedded one says itself what is wrong with it.
  if (databaseUrl === undefined) return undefined;
  const { hostname, port, searchParams } = new URL(databaseUrl);
  const postgres = `Postgres at ${hostname || searchParams.get('host') || 'localhost'}:${port || 5432}`;
  if (isSystemError(error) && error.code === '42501')
    return `the user of DATABASE_URL lacks a right (${error.message}): make it the owner of the database.`;
  const trouble = databaseTrouble(error);
  if (!trouble) return undefined;
  const { code, reason } = trouble;
  if (code.startsWith('28') || reason.startsWith('SASL'))
    return `${postgres} refuses the log-in (${reason}): correct the user and the password in DATABASE_URL.`;
  if (code === '3D000')
    return `${postgres} lacks the database (${reason}): create it, or correct its name in DATABASE_URL.`;
  if (code === 'ENOTFOUND' || code.startsWith('EAI_'))
    return `the host of ${postgres} is not known (${reason}): correct it in DATABASE_URL, or see to the DNS.`;
  if (trouble.kind === 'refused') return `${postgres} refuses what the site asks for (${reason}).`;
  return `${postgres} can't be reached (${reason}): see that it runs, and that DATABASE_URL has its host and port.`;
}
