import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareClocks } from '../../src/commands/doctor/clock';
import { checkNode } from '../../src/commands/doctor/machine-checks';
import { projectRoot } from '../../src/platform/project';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { describeWithRedis, freePort, startRedis, type TestRedis } from '../support/redis';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nipnime-doctor-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

type Doctor = { readonly code: number | null; readonly lines: readonly string[]; readonly text: string };

/** Runs the built command with these settings and no others. */
async function doctor(
  env: Readonly<Record<string, string>> = {},
  { args = [], openFiles }: { readonly args?: readonly string[]; readonly openFiles?: number } = {},
): Promise<Doctor> {
  const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles} && `;
  const command = `${limit}exec "$0" dist/commands/doctor.js "$@"`;
  const child = spawn('sh', ['-c', command, process.execPath, ...args], {
    cwd: projectRoot(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: database.url,
      DATA_DIR: folder,
      SSE_MAX_CONNECTIONS: '100',
      SESSION_SECRET: '0f4c9364a17be2d85c3f6071d9eab842',
      ...env,
    },
  });
  let text = '';
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => {
      text += String(chunk);
    });
  const [code]: (number | null)[] = await once(child, 'close');
  return {
    code: code ?? null,
    text,
    lines: text.split('\n').filter((line) => /^(ok|warning|problem) /.test(line)),
  };
}

const problemsOf = ({ lines }: Doctor): string[] => lines.filter((line) => line.startsWith('problem'));

/** The database's address with another part, and a password that must not be told. */
function urlWith(parts: Partial<URL>): string {
  return Object.assign(new URL(database.url), { password: 'hidden-word', ...parts }).href;
}

test('a machine that has everything: a line for each thing, and status 0', async () => {
  const { code, lines, text } = await doctor();
  expect(lines.map((line) => line.replace(/^(\w+) +(.*?) {2,}.*$/, '$1 $2'))).toEqual([
    'ok node',
    'ok configuration',
    'ok open files',
    'ok data folder',
    'ok pictures',
    'ok database',
    'ok schema',
    'ok extensions',
    'ok connections',
    'ok database clock',
    'ok redis',
  ]);
  expect(text).toContain('\nProblems: 0. Warnings: 0.\n');
  expect(code).toBe(0);
});

test('the same as JSON, and help', async () => {
  const { code, text } = await doctor({}, { args: ['--json'] });
  expect(JSON.parse(text)).toMatchObject({
    problems: 0,
    warnings: 0,
    findings: expect.arrayContaining([
      { about: 'node', outcome: 'ok', text: `Node.js ${process.versions.node}` },
    ]),
  });
  expect(code).toBe(0);
  expect(await doctor({}, { args: ['--help'] })).toMatchObject({
    code: 0,
    text: expect.stringContaining('--nodes N'),
  });
  expect(await doctor({}, { args: ['--nodes', 'many'] })).toMatchObject({ code: 2 });
});

test('settings that are wrong, and nothing that hangs on them', async () => {
  const found = await doctor({ SSE_HEARTBEAT_MS: '5', REDIS_URL: 'redis.internal' });
  expect(problemsOf(found)).toEqual([
    expect.stringMatching(/^problem +configuration +REDIS_URL must be a URL such as redis:/),
    expect.stringMatching(
      /^problem +configuration +SSE_HEARTBEAT_MS must be a whole number from 1000 to 60000/,
    ),
  ]);
  expect(found.lines.at(-1)).toMatch(/^warning +everything else +was not looked at/);
  expect(found.code).toBe(1);
});

test('settings that are misspelt, weak, or none for production, which still work', async () => {
  const { code, lines } = await doctor({ DATABSE_URL: 'x', SESSION_SECRET: 'changeme'.repeat(5) });
  expect(lines.filter((line) => line.startsWith('warning'))).toEqual([
    expect.stringMatching(/DATABSE_URL is not a setting; did you mean DATABASE_URL\?/),
    expect.stringMatching(/production would refuse this: SESSION_SECRET is too easy to guess/),
  ]);
  expect(code).toBe(0);
});

test('a password that Postgres refuses, or a user that it does not know', async () => {
  const found = await doctor({ DATABASE_URL: urlWith({ username: 'nobody_here' }) });
  expect(problemsOf(found)).toEqual([
    expect.stringMatching(
      /^problem +database +Postgres at \S+ refuses the log-in \(.*\): correct the user and the password/,
    ),
  ]);
  expect(found.text).not.toContain('hidden-word');
  expect(found.code).toBe(1);
});

test('no Postgres, or another database', async () => {
  const port = String(await freePort());
  expect(problemsOf(await doctor({ DATABASE_URL: urlWith({ port }) }))).toEqual([
    expect.stringMatching(/^problem +database +Postgres at \S+ can't be reached \(.*ECONNREFUSED/),
  ]);
  const elsewhere = Object.assign(new URL(database.url), { pathname: '/not_there' }).href;
  expect(problemsOf(await doctor({ DATABASE_URL: elsewhere }))).toEqual([
    expect.stringMatching(/^problem +database +Postgres at \S+ lacks the database/),
  ]);
});

test('a schema that lacks something, or has something newer', async () => {
  const last = await database.db('knex_migrations').orderBy('id', 'desc').first();
  await database.db('knex_migrations').where('id', last.id).delete();
  expect(problemsOf(await doctor())).toEqual([
    expect.stringMatching(new RegExp(`^problem +schema +it lacks ${last.name}: run npm run migrate`)),
  ]);
  await database
    .db('knex_migrations')
    .insert([last, { ...last, id: last.id + 1, name: '9999_from_tomorrow' }]);
  const { code, lines } = await doctor();
  expect(lines).toContainEqual(
    expect.stringMatching(/^warning +schema +.*newer version of the site \(9999_from_tomorrow\)/),
  );
  expect(code).toBe(0);
  await database.db('knex_migrations').where('name', '9999_from_tomorrow').delete();
});

test('more nodes than Postgres takes connections, and none of them with a Redis', async () => {
  const found = await doctor({}, { args: ['--nodes', '500'] });
  expect(problemsOf(found)).toEqual([
    expect.stringMatching(/^problem +configuration +500 nodes need REDIS_URL/),
    expect.stringMatching(
      /^problem +connections +500 nodes of 1 process may open \d+ connections, and \d+ are to be had/,
    ),
  ]);
  expect(found.code).toBe(1);
});

test('a folder that can’t be written to', async () => {
  const DATA_DIR = join(folder, 'data');
  await writeFile(DATA_DIR, 'This is no folder.');
  const found = await doctor({ DATA_DIR });
  expect(problemsOf(found)).toEqual([
    expect.stringMatching(
      /^problem +data folder +\S+data can't be used \(ENOTDIR\): let the account of this process write to DATA_DIR/,
    ),
  ]);
  expect(found.code).toBe(1);
});

test('a folder for pictures that can’t be written to', async () => {
  const DATA_DIR = await mkdtemp(join(folder, 'pictures-'));
  await writeFile(join(DATA_DIR, 'images'), 'This is no folder.');
  expect(problemsOf(await doctor({ DATA_DIR }))).toEqual([
    expect.stringMatching(/^problem +pictures +\S+images can't be used \(ENOTDIR\): let the account/),
  ]);
});

test('fewer open files than streams, until the setting fits', async () => {
  const found = await doctor({ SSE_MAX_CONNECTIONS: '20000' }, { openFiles: 1_024 });
  expect(problemsOf(found)).toEqual([
    expect.stringMatching(
      /^problem +open files +1024 are allowed, and the process may need 20500 \(SSE_MAX_CONNECTIONS is 20000\)/,
    ),
  ]);
  expect(found.code).toBe(1);
  expect(problemsOf(await doctor({ SSE_MAX_CONNECTIONS: '500' }, { openFiles: 1_024 }))).toEqual([]);
});

test('a Redis that is not there, or is something else', async () => {
  const port = await freePort();
  const found = await doctor({ REDIS_URL: `redis://:hidden-word@127.0.0.1:${port}` });
  expect(problemsOf(found)).toEqual([
    expect.stringMatching(
      /^problem +redis +Redis at 127\.0\.0\.1:\d+ does not do its work \(.*ECONNREFUSED.*\): see that it runs/,
    ),
  ]);
  expect(found.text).not.toContain('hidden-word');
  expect(found.code).toBe(1);
  const silent: Server = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (typeof address !== 'object' || !address) throw new Error('The server has no port.');
  expect(problemsOf(await doctor({ REDIS_URL: `redis://127.0.0.1:${address.port}` }))).toHaveLength(1);
  silent.close();
});

describeWithRedis('a Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test('that carries messages', async () => {
    const { code, lines } = await doctor({ REDIS_URL: redis.url });
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/^ok +redis +(Redis|Valkey) \d+\.\d+\S* answers$/),
      expect.stringMatching(/^ok +pub\/sub +what one connection publishes another one hears$/),
      expect.stringMatching(/^ok +redis clock +its clock agrees with that of this machine$/),
    ]);
    expect(code).toBe(0);
  });
});

test.each([
  [0, 'ok'],
  [20_000, 'warning'],
  [-20_000, 'warning'],
  [90_000, 'problem'],
  [-90_000, 'problem'],
])('a clock that is %i ms ahead: %s', async (aheadMs, outcome) => {
  expect(await compareClocks('clock', async () => Date.now() + aheadMs)).toMatchObject({ outcome });
});

test('a Node.js that is too old', () => {
  expect(checkNode('18.20.4')).toMatchObject({
    outcome: 'problem',
    text: expect.stringMatching(/needs 20\.19 or newer$/),
  });
  expect(checkNode('20.18.1')).toMatchObject({ outcome: 'problem' });
  expect(checkNode('24.0.0')).toMatchObject({ outcome: 'ok' });
});
