import { execFile, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BackupReader } from '../../src/commands/backup/backup-file';
import { projectRoot } from '../../src/platform/project';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { type ServerProcess, startServer } from '../support/server-process';
import { openStream } from '../support/stream-client';

/** A site, and several commands that are processes of their own. */
jest.setTimeout(180_000);

let folder: string;
let database: TestDatabase | undefined;
let env: Readonly<Record<string, string>>;
let site: ServerProcess;
let token: string;

async function begin(kind: string): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'nipnime-backup-'));
  // As root the server of the embedded database runs as somebody else, who has to get to its files.
  await chmod(folder, 0o755);
  database = kind === 'external' ? await createTestDatabase() : undefined;
  env = {
    NODE_ENV: 'production',
    SESSION_SECRET: '7d1f0a5c93be4826d0f1b7a4c2e98d35',
    DATA_DIR: join(folder, 'data'),
    TITLE_READINGS: 'off',
    WEB_CONCURRENCY: '1',
    ...(database && { DATABASE_URL: database.url }),
  };
  site = await startServer(env);
  await site.untilReady();
  token = (await run('token-create', '--name', 'test')).out.trim();
}

async function end(): Promise<void> {
  await site?.stop();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
}

type Result = { readonly status: number; readonly out: string; readonly err: string };

function run(command: string, ...args: readonly string[]): Promise<Result> {
  const file = join(projectRoot(), 'dist', 'commands', `${command}.js`);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [file, ...args],
      { env: { PATH: process.env.PATH ?? '', ...env } },
      (error, out, err) => resolve({ status: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

async function post(path: string, body: object): Promise<string> {
  const answer = await fetch(`${site.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(201);
  const { id }: { id: string } = JSON.parse(await answer.text());
  return id;
}

const postEpisode = (seriesId: string, number: string): Promise<string> =>
  post('episodes', {
    seriesId,
    number,
    status: 'published',
    videoServers: [{ name: 'Main', kind: 'file', url: 'https://video.example/1.mp4' }],
  });

/** The keys of the cards that a visitor sees. */
async function cards(): Promise<string[]> {
  const text = await (await fetch(`${site.url}/episodes/latest`)).text();
  return [...text.matchAll(/data-key="(\d+)"/g)].map(([, key]) => key ?? '');
}

/** By table; but what the running site itself adds to. */
async function countsIn(file: string): Promise<Record<string, number>> {
  const { head } = await BackupReader.open(createReadStream(file));
  return Object.fromEntries(
    head.tables.flatMap(({ name, rows }) => (name === 'site_minutes' ? [] : [[name, rows]])),
  );
}

describe.each(['external', 'embedded'])('with a database that is %s', (kind) => {
  beforeAll(() => begin(kind));
  afterAll(end);

  test('what is restored while the site runs is as it was, and whoever is connected is told to read again', async () => {
    const series = await post('series', { title: 'Frieren', kind: 'tv' });
    const kept = [await postEpisode(series, '1'), await postEpisode(series, '2')].reverse();
    const stream = await openStream(`${site.url}/events`);
    const { id: before = '' } = await stream.next('hello');
    expect(await cards()).toEqual(kept);

    const file = join(folder, 'nipnime.backup');
    const backedUp = await run('backup', file);
    expect(backedUp).toMatchObject({ status: 0, err: '' });
    expect(backedUp.out).toMatch(/^Backed up [\d,]+ rows of \d+ tables in [\d.]+ s\.\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).filter((name) => name !== 'data')).toEqual(['nipnime.backup']);

    const lost = await postEpisode(series, '3');
    expect((await stream.next('upsert')).data.key).toBe(lost);
    expect(await cards()).toEqual([lost, ...kept]);

    const startedMs = performance.now();
    const restored = await run('restore', file, '--yes');
    expect(restored).toMatchObject({ status: 0, err: '' });
    expect(restored.out).toMatch(/^Restored [\d,]+ rows of \d+ tables, as they were at /);
    const { id: after = '', data } = await stream.next('reset');
    expect(performance.now() - startedMs).toBeLessThan(30_000);
    expect(data).toMatchObject({ reason: 'epoch' });
    expect(after.split('.')[0]).not.toBe(before.split('.')[0]);
    expect(await cards()).toEqual(kept);
    const late = await openStream(`${site.url}/events?cursor=${before}`);
    expect((await late.next('hello')).data.resume).toBe('reset');
    late.close();

    const again = join(folder, 'again.backup');
    await run('backup', again);
    expect(await countsIn(again)).toEqual(await countsIn(file));
    await rm(again);

    // It goes on, and gives nobody the id of what was lost.
    const next = await postEpisode(series, '3');
    expect(Number(next)).toBeGreaterThan(Number(lost));
    expect((await stream.next('upsert')).data.key).toBe(next);
    expect(await cards()).toEqual([next, ...kept]);
    stream.close();
  });

  test('without --yes, and of a file that is no whole backup of a known version, nothing is restored', async () => {
    const file = join(folder, 'nipnime.backup');
    const shown = await cards();
    const stream = await openStream(`${site.url}/events`);
    const { id: before = '' } = await stream.next('hello');
    const bytes = await readFile(file);
    const [head = '', ...rows] = gunzipSync(bytes).toString('latin1').split('\n');
    const newer = head.replace('"0001_catalog"', '"0001_catalog","9999_of_later"');
    const refused = join(folder, 'refused');
    const restore = async (content: Buffer | string, ...args: string[]): Promise<string> => {
      await writeFile(refused, content);
      const { status, err } = await run('restore', refused, ...args);
      expect(status).not.toBe(0);
      return err;
    };

    expect(await restore(bytes)).toContain('Nothing was changed. With --yes ');
    expect((await run('restore', file)).out).toMatch(/^episodes +3 +2$/m);
    expect(await restore(bytes.subarray(0, -20), '--yes')).toBe(
      `Failed: ${refused}: The backup is not whole: it was cut off or has changed. Nothing was changed.\n`,
    );
    expect(await restore('PGDMP', '--yes')).toContain('This is no backup of nipnime. Nothing was changed.');
    expect(await restore(gzipSync(Buffer.from([newer, ...rows].join('\n'), 'latin1')), '--yes')).toContain(
      'made by a newer version of nipnime, which knows of 9999_of_later',
    );
    expect((await run('restore', join(folder, 'nothing'), '--yes')).err).toContain('There is no file ');

    expect(await cards()).toEqual(shown);
    const now = await openStream(`${site.url}/events`);
    expect((await now.next('hello')).id?.split('.')[0]).toBe(before.split('.')[0]);
    now.close();
    stream.close();
  });

  test('standard output and input do as well', async () => {
    const shown = await cards();
    const start = (command: string, ...args: string[]) =>
      spawn(process.execPath, [`dist/commands/${command}.js`, '-', ...args], {
        cwd: projectRoot(),
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { PATH: process.env.PATH ?? '', ...env, LOG_LEVEL: 'fatal' },
      });
    const bytes = await buffer(start('backup').stdout);
    const restoring = start('restore', '--yes');
    restoring.stdin.end(bytes);
    expect(String(await buffer(restoring.stdout))).toMatch(/^Restored /);
    expect(await cards()).toEqual(shown);
  });
});

test('a role that may only serve is told who can restore', async () => {
  const owner = await createTestDatabase();
  const role = `nipnime_serves_${process.pid}`;
  const url = new URL(owner.url);
  url.username = role;
  url.password = 'secret';
  await owner.db.raw(`create role ${role} login password 'secret'`);
  await owner.db.raw(
    `grant select, insert, update, delete on all tables in schema public to ${role};
     grant usage on schema graphile_worker to ${role};
     grant select on all tables in schema graphile_worker to ${role}`,
  );
  folder = await mkdtemp(join(tmpdir(), 'nipnime-backup-'));
  env = { DATABASE_URL: url.href, DATA_DIR: folder };
  const file = join(folder, 'nipnime.backup');
  expect(await run('backup', file)).toMatchObject({ status: 0 });
  expect((await run('restore', file, '--yes')).err).toContain('restore as the one that owns');
  await owner.db.raw(`drop owned by ${role}; drop role ${role}`);
  await owner.drop();
  await rm(folder, { recursive: true });
});
