import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../src/platform/project';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { freePort } from '../../support/redis';
import { until } from '../../support/until';

export type SeveralProcesses = {
  readonly url: string;
  readonly primary: ChildProcess;
  readonly database: TestDatabase;
  readonly output: () => string;
  /** Process ids by worker, of all that ever listened. */
  readonly workers: () => ReadonlyMap<number, number>;
  /** Where the first process answers for all. */
  readonly metricsUrl: string;
  /** The value of this line of the metrics; 0 if there is none. */
  metric(line: string): Promise<number>;
  /** Ends what is left. */
  stop(): Promise<void>;
};

/** The built site as two processes that share a port, without Redis. */
export async function startTwoProcesses(
  env: Readonly<Record<string, string>> = {},
): Promise<SeveralProcesses> {
  const database = await createTestDatabase();
  // Something to see, so that the data set isn't imported.
  await database.db('series').insert({ slug: 'frieren', title: 'Frieren', kind: 'tv' });
  const dataDir = await mkdtemp(join(tmpdir(), 'nipnime-processes-'));
  const port = await freePort();
  const metricsPort = await freePort();
  const primary = spawn(process.execPath, ['--enable-source-maps', 'dist/server.js'], {
    cwd: projectRoot(),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, which a terminal's Ctrl-C would reach as a whole.
    detached: true,
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      WEB_CONCURRENCY: '2',
      ...env,
    },
  });
  let output = '';
  for (const stream of [primary.stdout, primary.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += String(chunk);
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  await until(() => output.includes('nipnime is ready') || primary.exitCode !== null);
  return {
    url,
    metricsUrl,
    primary,
    database,
    output: () => output,
    workers: () =>
      new Map(
        [...output.matchAll(/Worker (\d+) \(process (\d+)\) listens/g)].map(([, worker, pid]) => [
          Number(worker),
          Number(pid),
        ]),
      ),
    async metric(line) {
      const text = await (await fetch(metricsUrl)).text();
      const found = text.split('\n').find((each) => each.startsWith(`${line} `));
      return Number(found?.split(' ').at(-1) ?? 0);
    },
    async stop() {
      if (primary.exitCode === null && primary.signalCode === null) {
        const exited = once(primary, 'exit');
        primary.kill('SIGTERM');
        await exited;
      }
      await database.drop();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** A process that has ended but that nobody has asked about yet (in a container without init, nobody will) is not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Not by a program such as ps, which a machine with Node alone may lack.
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // Gone since; or a system without /proc, where it has an init to ask about it.
    return process.platform !== 'linux';
  }
}
