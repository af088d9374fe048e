import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import express from 'express';
import request from 'supertest';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { createLogger } from '../../src/platform/log';
import { projectRoot } from '../../src/platform/project';
import { errorHandler } from '../../src/web/error-handler';
import { createTestApp, type TestApp } from '../support/app';
import { keepLogLines } from '../support/log-lines';
import { listen } from '../support/stream-client';

const log = keepLogLines();
let site: TestApp;
let token: string;
beforeAll(async () => {
  site = await createTestApp({ LOG_LEVEL: 'info' }, log.destination);
  token = await createApiToken(site.database.db, 'test');
});
afterAll(() => site.close());
beforeEach(() => log.clear());

const assets = join(projectRoot(), 'public/assets');
const script = readdirSync(assets).find((name) => name.endsWith('.js')) ?? '';
const FILES = ['/media/clip.mp4', `/assets/${script}`, '/icons/favicon.svg'];

describe.each(FILES)('of a file such as %s', (path) => {
  // What is sent compressed has another size, and a name of its own for it.
  const get = () => request(site.app).get(path).set('Accept-Encoding', 'identity');

  test('a range behind its end is 416, with its size', async () => {
    const size = readFileSync(join(projectRoot(), 'public', path)).length;
    for (const encoding of ['identity', 'gzip, br']) {
      const { headers, text } = await get()
        .set('Accept-Encoding', encoding)
        .set('Range', 'bytes=99999999-')
        .expect(416);
      expect(headers['content-range']).toMatch(/^bytes \*\/\d+$/);
      if (encoding === 'identity') expect(headers['content-range']).toBe(`bytes */${size}`);
      expect(headers['cache-control']).toBe('no-store');
      expect([headers['content-encoding'], headers['last-modified'], headers['accept-ranges']]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(headers['content-type']).toMatch(/^text\/html/);
      expect(text).toContain('416');
    }
    expect(log.messages(30)).toEqual([]);
  });

  test.each([
    ['If-Match', '"another"'],
    ['If-Unmodified-Since', 'Mon, 01 Jan 2001 00:00:00 GMT'],
  ])('a condition that does not hold is 412: %s', async (header, value) => {
    await get().set(header, value).expect(412);
    await request(site.app).head(path).set(header, value).expect(412);
    await request(site.app).head(path).set('Range', 'bytes=99999999-').expect(416);
    expect(log.messages(30)).toEqual([]);
  });

  test.each(['bytes=-0', 'bytes=9-3'])('a range that holds nothing is 416: %s', async (range) => {
    await get().set('Range', range).expect(416);
  });

  test('what is no range is none', async () => {
    for (const range of ['pages=1-2', 'bytes=', 'bytes=a-b', 'bytes=1', 'x'.repeat(2_000)]) {
      const { status } = await get().set('Range', range);
      expect([200, 416]).toContain(status);
    }
  });

  test('several ranges are the whole, one is a part', async () => {
    await get().set('Range', 'bytes=0-1,5-6').expect(200);
    await get().set('Range', 'bytes=0-1').expect(206);
  });
});

test.each([
  ['/media/..%2f..%2fpackage.json', [403, 404]],
  ['/media/%00', [400, 404]],
  ['/media/%E0%A4%A', [400, 404]],
  ['/assets/%E0%A4%A', [400, 404]],
  ['/media/%2e%2e/%2e%2e/package.json', [403, 404]],
  ['/icons/.hidden', [404]],
  ['/media/clip.mp4/', [404]],
  ['/media/nothing.mp4', [404]],
  ['/series/%E0%A4%A', [400, 404]],
])('%s is a fault of the request', async (path, allowed) => {
  for (const method of ['get', 'head'] as const) {
    const { status, text } = await request(site.app)[method](path);
    expect(allowed).toContain(status);
    expect(text ?? '').not.toMatch(/package|nipnime\/|public\/|ENOENT|at .*\.[jt]s/);
  }
  expect(log.messages(30)).toEqual([]);
});

describe('of a body', () => {
  const post = () =>
    request(site.app)
      .post('/api/v1/episodes')
      .set('Authorization', `Bearer ${token}`)
      .set('Content-Type', 'application/json');

  test.each([
    [400, 'not JSON', {}, '{'],
    [415, 'an encoding that nobody knows', { 'Content-Encoding': 'snappy' }, '{}'],
    [415, 'a charset that JSON has not', { 'Content-Type': 'application/json; charset=latin1' }, '{}'],
    [400, 'no gzip', { 'Content-Encoding': 'gzip' }, '{}'],
    [413, 'too much', {}, `{"a":"${'a'.repeat(300_000)}"}`],
  ])('%d for %s', async (status, _what, headers, body) => {
    const answer = await post().set(headers).send(body);
    expect([answer.status, answer.type]).toEqual([status, 'application/problem+json']);
    expect(answer.body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
    expect(log.messages(30)).toEqual([]);
  });

  test('413 for much that came small', async () => {
    const bomb = gzipSync(`{"a":"${'a'.repeat(10_000_000)}"}`);
    const server = await listen(site);
    const answer = await fetch(`${server.url}/api/v1/episodes`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        'Content-Encoding': 'gzip',
      },
      body: bomb,
    });
    expect(answer.status).toBe(413);
    await server.close();
  });

  test('a form with more fields than any of ours', async () => {
    const body = Array.from({ length: 1_500 }, (_, index) => `a${index}=1`).join('&');
    const { status } = await request(site.app)
      .post('/admin/login')
      .type('form')
      .set('Sec-Fetch-Site', 'same-origin')
      .send(body);
    expect(status).toBe(413);
    expect(log.messages(30)).toEqual([]);
  });

  test.each([
    ['POST', '/episodes'],
    ['POST', '/series'],
    ['PATCH', '/episodes/1'],
    ['PATCH', '/series/1'],
  ])('one that is no object is refused, none as well: %s %s', async (method, path) => {
    const server = await listen(site);
    for (const body of [undefined, 'null', '[]', '1', '"text"', 'true']) {
      const answer = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body !== undefined && { body }),
      });
      expect([body, [400, 404, 415, 422].includes(answer.status)]).toEqual([body, true]);
      await answer.text();
    }
    await server.close();
    expect(log.messages(30)).toEqual([]);
  });

  test.each([0, 5, 50])('one that is cut off after %d ms is nobody’s fault', async (ms) => {
    const server = await listen(site);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `POST /api/v1/episodes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{`,
    );
    await new Promise((resolve) => setTimeout(resolve, ms));
    socket.destroy();
    await fetch(`${server.url}/healthz`);
    await server.close();
    expect(log.messages(40)).toEqual([]);
  });
});

test('a fault of ours is told to nobody but the log', async () => {
  await site.database.db.raw('alter view public_episodes rename to lost');
  try {
    const { text, headers } = await request(site.app).get('/series/any/episodes/1').expect(500);
    expect(text).toContain(headers['x-request-id']);
    expect(text).not.toMatch(/relation|lost|42P01|\blogs?\b/);
    expect(text).toContain('Something broke on our side');
    // With JavaScript the page asks by itself; without, the browser does.
    expect(text).toContain('data-retry');
    expect(text).toMatch(/<noscript><meta http-equiv="refresh" content="(8|9|1\d)"><\/noscript>/);
    expect(log.messages(50)).toEqual(['A request failed']);
  } finally {
    await site.database.db.raw('alter view lost rename to public_episodes');
  }
});

test('what was posted is not asked for again by itself', async () => {
  await site.database.db.raw('alter table admin_users rename to lost');
  try {
    const { text } = await request(site.app)
      .post('/admin/login')
      .type('form')
      .set('Sec-Fetch-Site', 'same-origin')
      .send({ email: 'a@example.org', password: 'a boat of nine lanterns' })
      .expect(500);
    expect(text).toContain('look whether it is there before you send it again');
    expect(text).not.toMatch(/data-retry|http-equiv="refresh"/);
  } finally {
    await site.database.db.raw('alter table lost rename to admin_users');
  }
});

test('of a page that is not there people are told so, and where to go', async () => {
  const { text } = await request(site.app).get('/no/such/page').expect(404);
  expect(text).toContain('Nothing is here');
  expect(text).toContain('href="/episodes/latest"');
  expect(text).not.toMatch(/data-retry|http-equiv="refresh"/);
});

describe('when nothing can be said any more', () => {
  const app = express();
  // In any other Express keeps quiet by itself.
  app.set('env', 'production');
  app.get('/broken', () => {
    throw new Error('no-such-thing');
  });
  app.get('/half', (_request, response, next) => {
    response.write('half', () => next(new Error('no-such-thing')));
  });
  app.use(
    errorHandler({
      log: createLogger('info', log.destination),
      databaseWatch: { noticed: () => false },
      findLanguage: () => 'en',
    }),
  );
  let console: jest.SpyInstance;
  beforeEach(() => {
    console = jest.spyOn(globalThis.console, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => {
    expect(console).not.toHaveBeenCalled();
    console.mockRestore();
  });

  test('a page of an error that has one itself is a line of text', async () => {
    const { text, type } = await request(app).get('/broken').expect(500);
    expect(type).toBe('text/plain');
    expect(text).toMatch(/^Something broke on our side/);
    expect(text).not.toContain('no-such-thing');
    expect(log.messages(50)).toEqual(['A request failed', 'The page of an error could not be rendered']);
  });

  test('half an answer ends with its connection', async () => {
    await expect(request(app).get('/half')).rejects.toThrow('aborted');
    expect(log.messages(50)).toEqual(['A request failed']);
  });
});
