import { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { closeOnSignal } from '../close-on-signal';
import { errorCode, isAlive } from '../files';
import { SetupError } from '../setup-error';
import { EmbeddedServerWatch } from './embedded-server-watch';
import { type Cluster, prepareCluster, SUPERUSER } from './postgres-cluster';
import {
  HOST,
  isSameFolder,
  logOf,
  PortTakenError,
  readPidFile,
  removePidFile,
  startServer,
  stopServer,
  whoRuns,
} from './postgres-server';

/** Crash recovery replays up to max_wal_size (1 GB) of log before the server takes connections. */
const START_TIMEOUT_MS = 30_000;
/** Longer than a server needs from writing its pid file to answering on its port. */
const STRANGER_PATIENCE_MS = 3_000;
/** Longer than whatever else may hold the port for a moment. */
const PORT_PATIENCE_MS = 5_000;
/** A backend sees some milliseconds late that its client has gone. */
const GOODBYE_GRACE_MS = 1_000;
const POLL_MS = 10;
const RETRY_MS = 100;

const APPLICATION_NAME = 'embedded-database';
/** Whoever uses the server holds this advisory lock shared; whoever stops it, alone. */
const USERS_LOCK = 7_305_224_115;

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
  /** Called with a sentence that a person should read (first creation, files put elsewhere, server taken over). */
  readonly notify?: (message: string) => void;
  /** Called with a sentence when the server has gone while it was in use. It is started again. */
  readonly warn?: (message: string) => void;
  /** Called when the server has gone and can't be started again: nothing that uses the database will work any more. */
  readonly onGivenUp?: (error: Error) => void;
  /** Server settings over the defaults, e.g. { fsync: 'off' } in tests. They count when this call starts the server. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** One of the server's users: as long as its connection lives, so does the server. */
type Session = {
  readonly client: Client;
  readonly socket: Socket;
  readonly port: number;
  readonly onEnd: (listener: () => void) => void;
};

/**
 * Opens the Postgres whose files are in `directory`: makes them at first, starts the server if it does not run,
 * and makes the database. Several processes can do so at once and share the server. Until it is closed, a server that is
 * killed is started again, at the same port.
 * Throws an error that asks for DATABASE_URL where Postgres can't run.
 */
export async function openEmbeddedDatabase(options: Options): Promise<EmbeddedDatabase> {
  const cluster = await prepareCluster(options);
  const joining = joinServer(cluster);
  let watch: EmbeddedServerWatch<Session> | undefined;
  let leaving: Promise<void> | undefined;
  // Once, and not before the watch has ended: it would take the server that is stopped here for lost, and start it again.
  const leave = (how?: 'as it is'): Promise<void> => {
    leaving ??= (async () => leaveServer(cluster, await (watch?.close() ?? joining), how))().finally(forget);
    return leaving;
  };
  // Until the site has its own way of ending, and where there is none, as in commands.
  const forget = closeOnSignal(() => leave('as it is'));
  const session = await joining.catch((error: unknown) => {
    forget();
    throw error;
  });
  const { port } = session;
  try {
    await createDatabase(session.client, options.databaseName);
  } catch (error) {
    // The first error tells more than those that follow from it.
    await leave().catch(() => {});
    throw error;
  }
  if (leaving === undefined)
    watch = new EmbeddedServerWatch({
      session: forgettable(session),
      rejoin: async () => forgettable(await joinServer(cluster, port)),
      onLost: () =>
        options.warn?.('The database server has gone, or ended all connections: starting it again.'),
      onBack: (awayMs) =>
        options.notify?.(`The database server is back after ${(awayMs / 1_000).toFixed(1)} s.`),
      onGivenUp: (error) => options.onGivenUp?.(error),
    });
  return {
    url: `postgres://${SUPERUSER}:${cluster.password}@${HOST}:${port}/${encodeURIComponent(options.databaseName)}`,
    close: () => leave(),
  };
}

/** A forgotten close() must not keep the process alive. */
function forgettable(session: Session): Session {
  session.socket.unref();
  return session;
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

/**
 * Connects to the running server, or starts it first.
 * @param port where it was: then it has to be there again, since others look for it there
 */
async function joinServer(cluster: Cluster, port?: number): Promise<Session> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let strangerSince: number | undefined;
  const portDeadline = Date.now() + PORT_PATIENCE_MS;
  let started = false;
  let failure: unknown;
  while (Date.now() < deadline) {
    const found = await readPidFile(cluster);
    if (found === undefined || (found.pid !== undefined && !isAlive(found.pid))) {
      strangerSince = undefined;
      failure = await startServer(cluster, deadline, port);
      started = failure === undefined;
      if (failure instanceof PortTakenError && Date.now() > portDeadline) throw failure;
      if (!started) await wait(RETRY_MS);
      continue;
    }
    try {
      const session = await connect(cluster, port ?? found.port);
      if (!started && port === undefined)
        cluster.notify(`Using the database server that already runs (process ${found.pid}).`);
      return session;
    } catch (error) {
      failure = error;
    }
    if (port !== undefined && found.status === 'ready' && found.port !== port) {
      throw new Error(`The database server is at port ${found.port} now, no longer at ${port}.`);
    }
    strangerSince ??= Date.now();
    const owner = await whoRuns(found.pid, cluster);
    if (owner === 'server' && errorCode(failure) === '28P01') {
      throw new SetupError(`The database server refuses the password in ${cluster.passwordFile}.`, {
        cause: failure,
      });
    }
    const isOverdue = Date.now() - strangerSince > STRANGER_PATIENCE_MS;
    if (owner === 'stranger' || (owner === 'unknown' && isOverdue)) await removePidFile(cluster, found.text);
    else await wait(POLL_MS);
  }
  throw new SetupError(
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
  // An error ends the session, and only the end counts.
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
  return {
    client,
    socket,
    port,
    onEnd: (listener) => {
      if (socket.destroyed) setImmediate(listener);
      else client.once('end', listener);
    },
  };
}

/** @param how `as it is`: this process is about to end, with connections that are still open */
async function leaveServer(
  cluster: Cluster,
  held: Session,
  how: 'closed' | 'as it is' = 'closed',
): Promise<void> {
  held.socket.ref();
  let session: Session | undefined = held;
  while (session !== undefined) {
    const { client, socket } = session;
    // Undefined when the connection broke: mostly since the server crashed, was stopped by hand, or by another user
    // after we had let go of it. So it counts whether there is one to connect to.
    const isLast: boolean | undefined = await isLastUser(client, how).catch(() => undefined);
    if (isLast === false) return client.end();
    // The connection stays: while it holds the lock, nobody else can begin to use the server.
    if (isLast) return stopServer(cluster, session.port).finally(() => socket.destroy());
    session = await connect(cluster, session.port).catch(() => undefined);
  }
}

async function isLastUser(client: Client, how: 'closed' | 'as it is'): Promise<boolean> {
  await client.query('SELECT pg_advisory_unlock_shared($1)', [USERS_LOCK]);
  const { rows } = await client.query<{ alone: boolean }>('SELECT pg_try_advisory_lock($1) AS alone', [
    USERS_LOCK,
  ]);
  if (!rows[0]?.alone) return false;
  const deadline = Date.now() + GOODBYE_GRACE_MS;
  for (;;) {
    // Other sessions like ours have left or wait for the lock; so only clients of another kind count.
    const { rowCount } = await client.query(
      `SELECT 1 FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND application_name <> $1 AND NOT ($2 AND application_name LIKE 'nipnime%')
       LIMIT 1`,
      [APPLICATION_NAME, how === 'as it is'],
    );
    if (!rowCount) return true;
    if (Date.now() > deadline) return false;
    await wait(POLL_MS);
  }
}
