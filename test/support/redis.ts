import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

export const MISSING_REDIS =
  'This needs Redis: install redis-server or valkey-server (Debian: apt-get install redis-server; ' +
  'macOS: brew install redis).';

/** Path of redis-server or valkey-server, if one is on the PATH. */
export function findRedisServer(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return ['redis-server', 'valkey-server']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** `describe`; where there is no Redis the suite is reported as skipped, with the reason. */
export function describeWithRedis(name: string, suite: () => void): void {
  if (findRedisServer()) {
    describe(name, suite);
    return;
  }
  console.warn(`Skipped: ${name}. ${MISSING_REDIS}`);
  const skipped = describe.skip;
  skipped(name, suite);
}

export type TestRedis = {
  readonly url: string;
  /** Stops the process as it is: its connections stay open, and nobody answers. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
};

/** A Redis of its own that keeps nothing. */
export async function startRedis(): Promise<TestRedis> {
  const command = findRedisServer();
  if (!command) throw new Error(MISSING_REDIS);
  const port = await freePort();
  const server = spawn(
    command,
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await readyLine(server);
  return {
    url: `redis://127.0.0.1:${port}`,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async stop() {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
    },
  };
}

async function readyLine(server: ChildProcess): Promise<void> {
  let output = '';
  for await (const chunk of server.stdout ?? []) {
    output += String(chunk);
    if (/ready to accept connections/i.test(output)) {
      server.stdout?.resume();
      return;
    }
  }
  throw new Error(`Redis did not start:\n${output}`);
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}
