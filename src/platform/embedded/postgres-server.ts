import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode, exists, isAlive, lastLines } from '../files';
import { programFailure, programPath } from './postgres-binaries';
import { type Cluster, runProgram, SERVER_ENV } from './postgres-cluster';

export const HOST = '127.0.0.1';
const POLL_MS = 10;
/** A stop writes all dirty buffers: 64 MB at most, but the disk may be slow. */
const STOP_TIMEOUT_MS = 30_000;

const DEFAULT_SETTINGS = {
  shared_buffers: '64MB',
  max_connections: '100',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
} as const;

const RETRYABLE_EXIT =
  /lock file "[^"]*" already exists|lock file "[^"]*" is empty|pre-existing shared memory block|could not create any TCP\/IP sockets/;

/** Another program listens on the port at which the server has to be. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/**
 * Waits until the server is ready. Where it was last time it is again if nobody else is there, since another process that uses
 * it may look for it. With `port` it has to be there. Returns why it ended, if that is a reason that another try may not meet.
 */
export async function startServer(
  cluster: Cluster,
  deadline: number,
  port?: number,
): Promise<Error | undefined> {
  const last = port ?? (await readLastPort(cluster));
  const isLastFree = last !== undefined && (await isFree(last));
  if (port !== undefined && !isLastFree) {
    return new PortTakenError(`Port ${port}, at which the database has to be, is taken by another program.`);
  }
  const chosen = last !== undefined && isLastFree ? last : await listenOnce(0);
  const settings = {
    ...DEFAULT_SETTINGS,
    ...cluster.settings,
    listen_addresses: HOST,
    port: String(chosen),
    unix_socket_directories: '',
  };
  // Each start has its own log until it succeeds, so that the loser of a race leaves the winner's alone.
  const log = join(cluster.directory, `server-${randomBytes(4).toString('hex')}.log`);
  const logHandle = await open(log, 'a', 0o600);
  const program = programPath(cluster.binaries, 'postgres');
  const args = [
    '-D',
    cluster.data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  // Detached: a Ctrl-C in the terminal should reach the site alone, which drains before it closes the database.
  const server = spawn(program, args, {
    cwd: cluster.data,
    env: SERVER_ENV,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', logHandle.fd, logHandle.fd],
    ...cluster.account,
  });
  let spawnError: unknown;
  let hasEnded = false;
  server.once('error', (error) => {
    spawnError = error;
    hasEnded = true;
  });
  server.once('exit', () => {
    hasEnded = true;
  });
  server.unref();
  await logHandle.close();

  while (Date.now() < deadline) {
    const found = await readPidFile(cluster);
    const isReady = found !== undefined && found.pid === server.pid && found.status === 'ready';
    if (isReady) break;
    if (hasEnded) {
      const output = await readFile(log, 'utf8');
      await rm(log);
      const failure = programFailure('postgres', output, spawnError);
      if (RETRYABLE_EXIT.test(output)) return failure;
      throw failure;
    }
    await wait(POLL_MS);
  }
  const current = currentLog(cluster);
  if (await exists(current)) await rename(current, `${current}.old`);
  await rename(log, current);
  await writeFile(lastPortPath(cluster), String(chosen));
  return undefined;
}

/** Beside the data, which it belongs to. */
function lastPortPath(cluster: Cluster): string {
  return join(cluster.folder, 'port');
}

async function readLastPort(cluster: Cluster): Promise<number | undefined> {
  const text = await readFile(lastPortPath(cluster), 'utf8').catch(() => '');
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

function currentLog(cluster: Cluster): string {
  return join(cluster.directory, 'server.log');
}

export async function logOf(cluster: Cluster): Promise<string> {
  const log = currentLog(cluster);
  return (await exists(log)) ? lastLines(await readFile(log, 'utf8')) : '';
}

/** Returns the port if it is free, or any free one for 0. @throws EADDRINUSE when it is not free */
async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port on loopback.');
  return address.port;
}

type PidFile = {
  readonly text: string;
  readonly pid: number | undefined;
  readonly port: number | undefined;
  readonly status: string | undefined;
};

/** https://www.postgresql.org/docs/18/storage-file-layout.html: postmaster.pid; its lines are in pidfile.h. */
export async function readPidFile(cluster: Cluster): Promise<PidFile | undefined> {
  let text: string;
  try {
    text = await readFile(pidFilePath(cluster), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const lines = text.split('\n').map((line) => line.trim());
  const number = (line: string | undefined) => (line && /^\d+$/.test(line) ? Number(line) : undefined);
  return { text, pid: number(lines[0]), port: number(lines[3]), status: lines[7] };
}

function pidFilePath(cluster: Cluster): string {
  return join(cluster.data, 'postmaster.pid');
}

/** Removes the file if it still is the one that was judged: another process may have started a server meanwhile. */
export async function removePidFile(cluster: Cluster, judged: string): Promise<void> {
  const path = pidFilePath(cluster);
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) === judged) await rm(aside);
  else await rename(aside, path);
}

/** Whether a pid that Postgres noted is still its server, or by now another program. */
export async function whoRuns(
  pid: number | undefined,
  cluster: Cluster,
): Promise<'server' | 'stranger' | 'unknown'> {
  if (pid === undefined || process.platform !== 'linux') return 'unknown';
  try {
    // A server always works in its data directory.
    return (await isSameFolder(`/proc/${pid}/cwd`, cluster.data)) ? 'server' : 'stranger';
  } catch (error) {
    // Without a working directory it is a zombie. Else it is another user's, or a container's.
    return errorCode(error) === 'ENOENT' ? 'stranger' : 'unknown';
  }
}

// By identity: a bind mount gives one folder several paths, and taking a running server for a stranger would end it.
export async function isSameFolder(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]);
  return a.dev === b.dev && a.ino === b.ino;
}

export async function stopServer(cluster: Cluster, port: number): Promise<void> {
  const found = await readPidFile(cluster);
  if (found?.pid === undefined || found.port !== port) return;
  const { pid } = found;
  try {
    if (process.platform === 'win32') {
      await runProgram(cluster, 'pg_ctl', ['stop', '-D', cluster.data, '-m', 'fast', '-W'], cluster.data);
    } else {
      process.kill(pid, 'SIGINT');
    }
  } catch (cause) {
    if (errorCode(cause) === 'ESRCH') return;
    throw new Error(
      `The database server (process ${pid}) could not be stopped and goes on. Does it belong to another user?`,
      { cause },
    );
  }
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (!isAlive(pid)) return;
    // Its file goes last. It may stay as a zombie where nobody reaps it (a container without init).
    if ((await readPidFile(cluster))?.pid !== pid && (await whoRuns(pid, cluster)) !== 'server') return;
    await wait(POLL_MS);
  }
  throw new Error(`The database server (process ${pid}) did not stop within ${STOP_TIMEOUT_MS / 1000} s.`);
}
