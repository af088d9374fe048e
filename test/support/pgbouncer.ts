import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service } from '../../src/commands/fleet/service';
import { describeWithPrograms, findProgram } from './programs';
import { freePort } from './redis';

const PROGRAM = 'pgbouncer';

/** `describe`, where there is a PgBouncer. */
export const describeWithPgBouncer = (name: string, suite: () => void): void =>
  describeWithPrograms([PROGRAM], name, suite);

export type TestPgBouncer = {
  /** Of the same database, through it. */
  readonly url: string;
  /** Ends it with all of its connections, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * A PgBouncer that gives each transaction any of a few connections, with what else it comes with.
 * https://www.pgbouncer.org/config.html
 */
export async function startPgBouncer(databaseUrl: string, poolSize: number): Promise<TestPgBouncer> {
  const program = findProgram(PROGRAM);
  if (program === undefined) throw new Error('PgBouncer is not installed.');
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const database = decodeURIComponent(pathname.slice(1));
  const folder = await mkdtemp(join(tmpdir(), 'nipnime-pgbouncer-'));
  const own = await freePort();
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${own}`;
  const target = Object.entries({
    host: hostname,
    port: port || '5432',
    dbname: database,
    user: username,
    password,
  });
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
${database} = ${target.map(([name, value]) => `${name}=${decodeURIComponent(value)}`).join(' ')}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
`,
  );
  await chmod(folder, 0o755);
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  let service: Service;
  const start = async (): Promise<void> => {
    let isUp = false;
    service = new Service(
      { name: 'pgbouncer', onLine: (line) => (isUp ||= line.includes('process up')) },
      { file: program, args: [...account, join(folder, 'pgbouncer.ini')], env: { PATH: process.env.PATH } },
    );
    await service.untilReady(async () => isUp);
  };
  await start();
  return {
    url: url.href,
    async restart() {
      await service.stop('SIGTERM');
      await start();
    },
    async stop() {
      await service.stop('SIGTERM');
      await rm(folder, { recursive: true });
    },
  };
}
