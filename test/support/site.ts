import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';
import { createTestDatabase, type TestDatabase } from './database';
import { freePort } from './redis';

export type TestSite = {
  /** `http://localhost:41234` */
  readonly url: string;
  readonly database: TestDatabase;
  /** Of the first admin, as the site printed it. */
  readonly admin: { readonly email: string; readonly password: string };
  /** What the process wrote so far. */
  readonly output: () => string;
  stop(): Promise<void>;
};

const PASSWORD = /password {2}(\S+)/;

/** The built site (dist/server.js) as a process of its own, first start and all, on a database of its own. */
export async function startSite(env: Readonly<Record<string, string>> = {}): Promise<TestSite> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'nipnime-site-'));
  const port = await freePort();
  const site = spawn(process.execPath, ['--enable-source-maps', 'dist/server.js'], {
    cwd: projectRoot(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      PORT: String(port),
      // A process with a large dictionary for each of them would slow all of them down.
      TITLE_READINGS: 'off',
      ...env,
    },
  });
  const output = await untilReady(site);
  const password = PASSWORD.exec(output())?.[1] ?? '';
  // As if it had been changed, to the same one.
  await database.db('admin_users').update({ must_change_password: false });
  return {
    url: `http://localhost:${port}`,
    database,
    admin: { email: 'admin@localhost', password },
    output,
    async stop() {
      const exited = once(site, 'exit');
      site.kill('SIGTERM');
      await exited;
      await database.drop();
      await rm(dataDir, { recursive: true });
    },
  };
}

function untilReady(site: ChildProcess): Promise<() => string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += String(chunk);
      if (output.includes('nipnime is ready') && PASSWORD.test(output)) resolve(() => output);
    };
    site.stdout?.on('data', read);
    site.stderr?.on('data', read);
    site.once('exit', (code) => reject(new Error(`The site ended with ${code}:\n${output}`)));
  });
}
