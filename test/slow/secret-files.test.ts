import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../src/platform/project';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { startServer } from '../support/server-process';

let database: TestDatabase;
let folder: string;
let env: { readonly DATABASE_URL_FILE: string; readonly SESSION_SECRET_FILE: string };

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nipnime-secrets-'));
  env = {
    DATABASE_URL_FILE: join(folder, 'database-url'),
    SESSION_SECRET_FILE: join(folder, 'session-secret'),
  };
  await writeFile(env.DATABASE_URL_FILE, `${database.url}\n`);
  await writeFile(env.SESSION_SECRET_FILE, `${randomBytes(32).toString('hex')}\n`);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

test('several processes serve with secrets that are in files', async () => {
  await database.db('series').insert({ slug: 'frieren', title: 'Frieren', kind: 'tv' });
  const server = await startServer({ ...env, NODE_ENV: 'production', WEB_CONCURRENCY: '2' });
  try {
    await server.untilReady();
    expect((await fetch(`${server.url}/series/frieren`)).status).toBe(200);
  } finally {
    server.process.kill('SIGINT');
    await server.stop();
  }
});

test('a command uses the database whose address is in a file', async () => {
  const run = (file: string) =>
    promisify(execFile)(process.execPath, ['dist/commands/admin-list.js'], {
      cwd: projectRoot(),
      env: { PATH: process.env.PATH ?? '', DATABASE_URL_FILE: file },
    });
  await database.db('admin_users').insert({ email: 'of-the-file@example.com', password_hash: 'x' });
  expect((await run(env.DATABASE_URL_FILE)).stdout).toContain('of-the-file@example.com');
  const missing = join(folder, 'missing');
  await expect(run(missing)).rejects.toMatchObject({
    code: 1,
    stderr: `The configuration is wrong:\n  DATABASE_URL_FILE names ${missing}, which can't be read: no such file or directory\n`,
  });
});
