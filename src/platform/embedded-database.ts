import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import {
  type Cluster,
  errorCode,
  exists,
  isAlive,
  lastLines,
  prepareCluster,
  programFailure,
  programPath,
  runProgram,
  SERVER_ENV,
  SUPERUSER,
} from './postgres-files';

/** Crash recovery replays up to max_wal_size (1 GB) of log before the server takes connections. */
const START_TIMEOUT_MS = 30_000;
/** A stop writes all dirty buffers: 64 MB at most, but the disk may be slow. */
const STOP_TIMEOUT_MS = 30_000;
/** Longer than a server needs from writing its pid file to answering on its port. */
const STRANGER_PATIENCE_MS = 3_000;
/** A backend sees some milliseconds late that its client has gone. */
const GOODBYE_GRACE_MS = 1_000;
const POLL_MS = 10;
const RETRY_MS = 100;

const HOST = '127.0.0.1';

const APPLICATION_NAME = 'embedded-database';
/** Whoever uses the server holds this advisory lock shared; whoever stops it, alone. */
const USERS_LOCK = 7_305_224_115;

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
  /lock file ".*" already exists|lock file ".*" is empty|pre-existing shared memory block|could not create any TCP\/IP sockets/;

export type EmbeddedDatabase = {
  /** postgres:// URL with password, on loopback */
  readonly url: string;
  /** Stops the server if no other process is using it; else leaves it to the last one. */
  close(): Promise<void>;
};

type Options = {
  /** Folder of the cluster's files; made if missing. e.g. <project>/data/postgres */
  readonly directory: string;
  /** Made if missing. */
  readonly databaseName: string;
  /** Told, in a sentence, what a person should know (first creation, files put elsewhere, server taken over). */
  readonly notify?: (message: string) => void;
  /** Server settings over the defaults, e.g. { fsync: 'off' } in tests. They count when this call starts the server. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** One of the server's users: as long as its connection lives, so does the server. */
type Session = {
  readonly client: Client;
  readonly socket: Socket;
  readonly port: number;
};

/**
 * Opens the Postgres whose files are in `directory`: makes them at first, starts the server if it does not run,
 * and makes the database. Several processes can do so at once and share the server.
 * Throws an error that asks for DATABASE_URL where Postgres can't run.
 */
export async function openEmbeddedDatabase(options: Options): Promise<EmbeddedDatabase> {
  const cluster = await prepareCluster(options);
  const session = await joinServer(cluster);
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= leaveServer(cluster, session);
    return closing;
  };
  try {
    await createDatabase(session.client, options.databaseName);
  } catch (error) {
    // What follows from the first error tells less.
    await close().catch(() => {});
    throw error;
  }
  // A forgotten close() must not keep the process alive.
  session.socket.unref();
  return {
    url: `postgres://${SUPERUSER}:${cluster.password}@${HOST}:${session.port}/${encodeURIComponent(options.databaseName)}`,
    close,
  };
}

async function createDatabase(client: Client, name: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (rowCount) return;
  try {
    await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
  } catch (error) {
    // Another process made it meanwhile: duplicate_database, or unique_violation in a close race.
    if (!['42P04', '23505'].includes(errorCode(error) ?? '')) throw error;
  }
}

/** Connects to the running server, or starts it first. */
async function joinServer(cluster: Cluster): Promise<Session> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let strangerSince: number | undefined;
  let started = false;
  let failure: unknown;
  while (Date.now() < deadline) {
    const found = await readPidFile(cluster);
    if (found === undefined || (found.pid !== undefined && !isAlive(found.pid))) {
      strangerSince = undefined;
      failure = await startServer(cluster, deadline);
      started = failure === undefined;
      if (!started) await wait(RETRY_MS);
      continue;
    }
    try {
      const session = await connect(cluster, found.port);
      if (!started) cluster.notify(`Using the database server that already runs (process ${found.pid}).`);
      return session;
    } catch (error) {
      failure = error;
    }
    strangerSince ??= Date.now();
    const owner = await whoRuns(found.pid, cluster);
    if (owner === 'server' && errorCode(failure) === '28P01') {
      throw new Error(`The database server refuses the password in ${cluster.passwordFile}.`, {
        cause: failure,
      });
    }
    const isOverdue = Date.now() - strangerSince > STRANGER_PATIENCE_MS;
    if (owner === 'stranger' || (owner === 'unknown' && isOverdue)) await removePidFile(cluster, found.text);
    else await wait(POLL_MS);
  }
  throw new Error(
    `The database server in ${cluster.directory} did not become ready within ${START_TIMEOUT_MS / 1000} s. If it is recovering from a crash, try again later.\n${await logOf(cluster)}`,
    { cause: failure },
  );
}

async function connect(cluster: Cluster, port: number | undefined): Promise<Session> {
  if (port === undefined) throw new Error('The server has not told its port yet.');
  const socket = new Socket();
  const client = new Client({
    ...{ host: HOST, port, user: SUPERUSER, password: cluster.password, database: 'postgres', ssl: false },
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: 2_000,
    stream: () => socket,
  });
  // A lost connection shows in the next query's error.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    const served = rows[0]?.data_directory ?? '';
    if (!(await isSameFolder(served, cluster.data))) throw new Error(`Port ${port} serves ${served}.`);
    await client.query('SELECT pg_advisory_lock_shared($1)', [USERS_LOCK]);
    // In a shutdown the lock of the one who stops it can end before this connection does.
    const current = await readPidFile(cluster);
    if (current?.port !== port || current.status !== 'ready') throw new Error('The server is stopping.');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { client, socket, port };
}

/** Waits until the server is ready. Returns why it ended, if that is a reason that another try may not meet. */
async function startServer(cluster: Cluster, deadline: number): Promise<Error | undefined> {
  const settings = {
    ...DEFAULT_SETTINGS,
    ...cluster.settings,
    listen_addresses: HOST,
    port: String(await findFreePort()),
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
  return undefined;
}

function currentLog(cluster: Cluster): string {
  return join(cluster.directory, 'server.log');
}

async function logOf(cluster: Cluster): Promise<string> {
  const log = currentLog(cluster);
  return (await exists(log)) ? lastLines(await readFile(log, 'utf8')) : '';
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, resolve);
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
async function readPidFile(cluster: Cluster): Promise<PidFile | undefined> {
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
async function removePidFile(cluster: Cluster, judged: string): Promise<void> {
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
async function whoRuns(
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
async function isSameFolder(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]);
  return a.dev === b.dev && a.ino === b.ino;
}

async function leaveServer(cluster: Cluster, held: Session): Promise<void> {
  held.socket.ref();
  let session: Session | undefined = held;
  while (session !== undefined) {
    const { client, socket } = session;
    // Undefined when the connection broke: mostly since the server crashed, was stopped by hand, or by another user
    // after we had let go of it. So it counts whether there is one to connect to.
    const isLast: boolean | undefined = await isLastUser(client).catch(() => undefined);
    if (isLast === false) return client.end();
    // The connection stays: while it holds the lock, nobody else can begin to use the server.
    if (isLast) return stopServer(cluster, session.port).finally(() => socket.destroy());
    session = await connect(cluster, session.port).catch(() => undefined);
  }
}

async function isLastUser(client: Client): Promise<boolean> {
  await client.query('SELECT pg_advisory_unlock_shared($1)', [USERS_LOCK]);
  const { rows } = await client.query<{ alone: boolean }>('SELECT pg_try_advisory_lock($1) AS alone', [
    USERS_LOCK,
  ]);
  if (!rows[0]?.alone) return false;
  const deadline = Date.now() + GOODBYE_GRACE_MS;
  for (;;) {
    // Other sessions like ours have left or wait for the lock; so only clients of another kind count.
    const { rowCount } = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> $1 LIMIT 1`,
      [APPLICATION_NAME],
    );
    if (!rowCount) return true;
    if (Date.now() > deadline) return false;
    await wait(POLL_MS);
  }
}

async function stopServer(cluster: Cluster, port: number): Promise<void> {
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
