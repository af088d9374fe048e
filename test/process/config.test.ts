import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { secretVariables } from '../../src/platform/secret-files';
import { ConfigError, loadConfig } from '../../src/process/config';
import { createTestApp, type TestApp } from '../support/app';
import { listen, openStream } from '../support/stream-client';

test('needs nothing, and is meant for one machine then', () => {
  expect(loadConfig({})).toMatchObject({
    production: false,
    host: '127.0.0.1',
    port: 3000,
    databaseUrl: undefined,
    redisUrl: undefined,
    stream: {
      heartbeatMs: 15_000,
      timeoutMs: 1_800_000,
      maxConnections: 20_000,
      maxConnectionsPerAddress: 30,
    },
  });
});

test('is one process for development, and as many as there are cores in production', () => {
  const production = { NODE_ENV: 'production', SESSION_SECRET: 'a secret that is only for this test' };
  expect(loadConfig({}).processCount).toBe(1);
  expect(loadConfig(production).processCount).toBe(availableParallelism());
  expect(loadConfig({ ...production, WEB_CONCURRENCY: '3' }).processCount).toBe(3);
  for (const value of ['0', '257', '1.5', 'max']) {
    expect(() => loadConfig({ WEB_CONCURRENCY: value })).toThrow(/WEB_CONCURRENCY must be a whole number/);
  }
});

test('a bucket for pictures is an address with a key and a secret', () => {
  expect(loadConfig({}).storage).toBeUndefined();
  const url = 's3://key:se%2Fcret@s3.example/bucket/folder/?region=eu-central-1';
  expect(loadConfig({ STORAGE_URL: url }).storage).toEqual({
    url: 'https://s3.example/bucket/folder',
    region: 'eu-central-1',
    accessKeyId: 'key',
    secretAccessKey: 'se/cret',
  });
  expect(loadConfig({ STORAGE_URL: 's3+http://k:s@localhost:9000/b' }).storage).toMatchObject({
    url: 'http://localhost:9000/b',
    region: 'us-east-1',
  });
  for (const wrong of [
    'https://key:secret@s3.example/bucket',
    's3://s3.example/bucket',
    's3://key:secret@s3.example',
    's3://key:%zz@s3.example/bucket',
    's3://key:secret@s3.example/bucket?regio=x',
  ])
    expect(() => loadConfig({ STORAGE_URL: wrong })).toThrow('STORAGE_URL must be the address of a bucket');
});

test('an empty variable counts as unset', () => {
  expect(loadConfig({ PORT: '', DATABASE_URL: '' })).toMatchObject({ port: 3000, databaseUrl: undefined });
});

describe('a secret in a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nipnime-secrets-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const fileOf = async (content: string | Buffer): Promise<string> => {
    const file = join(folder, randomUUID());
    await writeFile(file, content);
    return file;
  };

  test.each(['', '\n', '\r\n'])('is its content without the last line end, %j', async (end) => {
    const secret = ` ${randomBytes(32).toString('base64')} `;
    const config = loadConfig({
      NODE_ENV: 'production',
      SESSION_SECRET_FILE: await fileOf(secret + end),
      DATABASE_URL_FILE: await fileOf(`postgres://u:pw7@db/nipnime${end}`),
      REDIS_URL_FILE: await fileOf(`redis://:pw7@redis${end}`),
      STORAGE_URL_FILE: await fileOf(`s3://key:word@s3.example/bucket${end}`),
    });
    expect(config).toMatchObject({
      sessionSecret: secret,
      databaseUrl: 'postgres://u:pw7@db/nipnime',
      redisUrl: 'redis://:pw7@redis',
      storage: { secretAccessKey: 'word' },
    });
    expect(loadConfig({ SESSION_SECRET_FILE: await fileOf(`${secret}\n${end}`) }).sessionSecret).toBe(
      end === '' ? secret : `${secret}\n`,
    );
  });

  test('is refused beside the variable itself, but not beside an empty one', async () => {
    const DATABASE_URL_FILE = await fileOf('postgres://u:pw7@db/nipnime');
    expect(() => loadConfig({ DATABASE_URL: 'postgres://u:p@other/nipnime', DATABASE_URL_FILE })).toThrow(
      'DATABASE_URL_FILE and DATABASE_URL are both set: unset one of them',
    );
    expect(loadConfig({ DATABASE_URL: '', DATABASE_URL_FILE }).databaseUrl).toContain('@db/');
    expect(
      loadConfig({ DATABASE_URL: 'postgres://u:p@other/nipnime', DATABASE_URL_FILE: '' }).databaseUrl,
    ).toContain('@other/');
  });

  test('is told by its path when it can’t be used, and its content is not', async () => {
    const missing = join(folder, 'missing');
    const empty = await fileOf('\n');
    const wrong = await fileOf('mysql://user:hidden@db/nipnime');
    const load = () =>
      loadConfig({
        NODE_ENV: 'production',
        SESSION_SECRET_FILE: missing,
        STORAGE_URL_FILE: folder,
        REDIS_URL_FILE: empty,
        DATABASE_URL_FILE: wrong,
      });
    for (const sentence of [
      `SESSION_SECRET_FILE names ${missing}, which can't be read: no such file or directory`,
      `STORAGE_URL_FILE names ${folder}, which can't be read: illegal operation on a directory`,
      `REDIS_URL_FILE names ${empty}, which is empty`,
      `DATABASE_URL in ${wrong} must be a URL such as postgres://`,
    ])
      expect(load).toThrow(sentence);
    expect(load).not.toThrow(/hidden|SESSION_SECRET.*must be set/);
    const inPlaceOfAPath = () => loadConfig({ DATABASE_URL_FILE: 'postgres://user:hidden@db/nipnime' });
    expect(inPlaceOfAPath).toThrow('DATABASE_URL_FILE must be the absolute path of a file');
    expect(inPlaceOfAPath).not.toThrow('hidden');
  });

  test('gives way to the variable that a process hands on to another', async () => {
    const env = { SESSION_SECRET_FILE: await fileOf('y'.repeat(32)) };
    const handedOn = 'x'.repeat(32);
    expect(loadConfig({ ...env, ...secretVariables({ SESSION_SECRET: handedOn }) }).sessionSecret).toBe(
      handedOn,
    );
  });
});

test('names every variable that is wrong at once', () => {
  const load = () =>
    loadConfig({
      PORT: '70000',
      DATABASE_URL: 'mysql://x',
      REDIS_URL: 'x',
      NODE_ENV: 'prod',
      SSE_HEARTBEAT_MS: '1',
    });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(/PORT.*\n.*DATABASE_URL|DATABASE_URL/s);
  for (const name of ['PORT', 'DATABASE_URL', 'REDIS_URL', 'NODE_ENV', 'SSE_HEARTBEAT_MS']) {
    expect(load).toThrow(name);
  }
});

test('sentinels need the name of what they look after', () => {
  const REDIS_URL = 'redis+sentinel://:word@one,two,three:26379/mymaster';
  expect(loadConfig({ REDIS_URL }).redisUrl).toBe(REDIS_URL);
  for (const address of ['redis+sentinel://one,two', 'redis+sentinel://one/', 'redis+sentinel://one/?a=b'])
    expect(() => loadConfig({ REDIS_URL: address })).toThrow('must name what its sentinels look after');
});

test('refuses production without a secret of its own, or with a short one', () => {
  expect(() => loadConfig({ NODE_ENV: 'production' })).toThrow(
    'SESSION_SECRET, or SESSION_SECRET_FILE, must be set',
  );
  expect(() => loadConfig({ NODE_ENV: 'production', SESSION_SECRET: 'changeme' })).toThrow('at least 32');
  expect(() => loadConfig({ NODE_ENV: 'production', SESSION_SECRET: 'changeme' })).not.toThrow('guess');
});

test('refuses a secret that can be guessed in production, and says how to make one', () => {
  const SESSION_SECRET = 'change-this-secret-in-production';
  expect(() => loadConfig({ NODE_ENV: 'production', SESSION_SECRET })).toThrow(
    'SESSION_SECRET is too easy to guess for production (openssl rand -hex 32 makes a good one)',
  );
  expect(loadConfig({ SESSION_SECRET }).sessionSecret).toBe(SESSION_SECRET);
});

test('refuses a placeholder for a password in production, and does not repeat it', () => {
  const given = {
    SESSION_SECRET: 'a secret that is only for this test',
    DATABASE_URL: 'postgres://user:password@localhost:5432/nipnime',
    REDIS_URL: 'redis://:changeme@localhost:6379',
    STORAGE_URL: 's3://KEY:SECRET@s3.example/bucket',
  };
  const load = () => loadConfig({ ...given, NODE_ENV: 'production' });
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'STORAGE_URL'])
    expect(load).toThrow(`${name} has a placeholder for a password`);
  expect(load).not.toThrow(/changeme|:password|SESSION_SECRET/);
  expect(loadConfig(given).databaseUrl).toBe(given.DATABASE_URL);
  for (const address of ['postgres:///nipnime?host=/run/postgresql', 'postgres://nipnime@db/nipnime'])
    expect(
      loadConfig({ ...given, DATABASE_URL: address, REDIS_URL: '', STORAGE_URL: '', NODE_ENV: 'production' }),
    ).toMatchObject({ databaseUrl: address });
});

test.each([
  ['https://anime.example', 'https://anime.example'],
  ['http://Anime.example:8080/', 'http://anime.example:8080'],
])('SITE_URL %s is the origin %s', (given, expected) => {
  expect(loadConfig({ SITE_URL: given }).siteUrl).toBe(expected);
});

test.each(['anime.example', 'ftp://anime.example', 'https://anime.example/site', 'https://a@anime.example'])(
  'SITE_URL %s is refused',
  (given) => {
    expect(() => loadConfig({ SITE_URL: given })).toThrow('SITE_URL must');
  },
);

describe('TRUST_PROXY', () => {
  const trustProxy = (value: string) => loadConfig({ TRUST_PROXY: value }).trustProxy;

  test('is nobody unless somebody is named', () => {
    expect(loadConfig({}).trustProxy).toBe(false);
    expect(trustProxy('')).toBe(false);
  });

  test('is a number of proxies, or a list of addresses and networks', () => {
    expect(trustProxy('1')).toBe(1);
    expect(trustProxy('loopback, 10.0.0.0/8,fd00::/8, 192.0.2.7')).toEqual([
      'loopback',
      '10.0.0.0/8',
      'fd00::/8',
      '192.0.2.7',
    ]);
  });

  test.each([
    'true',
    'yes',
    '10',
    '-1',
    'nginx',
    '10.0.0.0/33',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/8/8',
    '10.0.0',
    'loopback,',
    'fe80::1%eth0',
  ])('%p is refused, with what would be right', (value) => {
    expect(() => trustProxy(value)).toThrow(ConfigError);
    expect(() => trustProxy(value)).toThrow(
      /TRUST_PROXY must be a number of proxies .* such as 10\.0\.0\.0\/8/,
    );
  });

  test('is in a form that Express takes', () => {
    for (const value of ['0', '2', 'loopback,linklocal,uniquelocal', '10.0.0.0/8', '::1', 'fd00::/128']) {
      expect(() => express().set('trust proxy', trustProxy(value))).not.toThrow();
    }
  });
});

describe('what a client says about itself', () => {
  const forged = { 'X-Forwarded-For': '198.51.100.7', 'X-Request-Id': 'f'.repeat(32) };
  const onePerAddress = { SSE_MAX_CONNECTIONS_PER_IP: '1' };
  let site: TestApp;
  let server: Awaited<ReturnType<typeof listen>>;

  const start = async (env: Readonly<Record<string, string>>): Promise<void> => {
    site = await createTestApp(env);
    server = await listen(site);
  };
  afterEach(async () => {
    await server.close();
    await site.close();
  });

  test('evades no limit and names no request where no proxy is trusted', async () => {
    await start(onePerAddress);
    const first = await openStream(`${server.url}/events`, { 'X-Forwarded-For': '198.51.100.1' });
    await first.next('hello');
    const second = await openStream(`${server.url}/events`, forged);
    expect((await second.next('bye')).data).toMatchObject({ reason: 'busy' });
    const page = await fetch(`${server.url}/healthz`, { headers: forged });
    expect(page.headers.get('x-request-id')).not.toBe(forged['X-Request-Id']);
    first.close();
  });

  test('is believed of a trusted proxy', async () => {
    await start({ ...onePerAddress, TRUST_PROXY: 'loopback' });
    const first = await openStream(`${server.url}/events`, { 'X-Forwarded-For': '198.51.100.1' });
    await first.next('hello');
    const second = await openStream(`${server.url}/events`, forged);
    await second.next('hello');
    const page = await fetch(`${server.url}/healthz`, { headers: forged });
    expect(page.headers.get('x-request-id')).toBe(forged['X-Request-Id']);
    first.close();
    second.close();
  });

  test.each(['short', `${'f'.repeat(32)}0`, '00000000-0000-0000-0000-00000000000g', '<script>'])(
    'is no request id, even of a trusted proxy, when it is %p',
    async (id) => {
      await start({ TRUST_PROXY: '1' });
      const response = await fetch(`${server.url}/healthz`, { headers: { ...forged, 'X-Request-Id': id } });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-/);
    },
  );
});
