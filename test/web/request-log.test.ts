import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import request from 'supertest';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { errorForLog } from '../../src/platform/error-for-log';
import { createTestApp, type TestApp } from '../support/app';
import { keepLogLines } from '../support/log-lines';
import { listen } from '../support/stream-client';
import { until } from '../support/until';

/** Stands wherever something is that the log is not told. */
const CANARY = 'canary';
const log = keepLogLines();
let site: TestApp;
let token: string;
let seriesId: string | undefined;

beforeAll(async () => {
  site = await createTestApp({ LOG_LEVEL: 'trace' }, log.destination);
  token = await createApiToken(site.database.db, 'test');
  const rows = await site.database
    .db('series')
    .insert({ slug: 'frieren', title: 'Frieren', kind: 'tv' })
    .returning('id');
  seriesId = rows[0]?.id;
});
afterAll(() => site.close());
beforeEach(() => log.clear());
afterEach(() => site.database.db.raw('drop function if exists fail cascade'));

/** Has Postgres do this with each new episode, whose title is the canary. */
async function onInsert(declaration: string, statement: string): Promise<void> {
  await site.database.db.raw(
    `create function fail() returns trigger language plpgsql as $$
     declare ${declaration};
     begin ${statement}; return new; end $$;
     create trigger fail before insert on episodes for each row execute function fail()`,
  );
}

const post = () =>
  request(site.app)
    .post('/api/v1/episodes')
    .set({
      Authorization: `Bearer ${token}`,
      Referer: `http://localhost/search?q=${CANARY}`,
      Cookie: `nipnime.sid=${CANARY}`,
      'X-Forwarded-For': CANARY,
      'User-Agent': CANARY,
    })
    .send({
      seriesId,
      number: '1',
      title: CANARY,
      status: 'draft',
      videoServers: [{ name: 'Main', kind: 'file', url: `https://video.example/${CANARY}.mp4` }],
    });

test.each([
  [
    '23505',
    'n int',
    'insert into series (slug, title, kind) values (new.title, new.title, $x$tv$x$), (new.title, new.title, $x$tv$x$)',
  ],
  ['23514', 'n int', 'insert into series (slug, title, kind) values (new.title, new.title, new.title)'],
  ['23502', 'n int', 'insert into series (slug, title, kind) values (new.title, null, $x$tv$x$)'],
  ['22P02', 'n int', 'n := new.title'],
  ['22P02', 'j jsonb', 'j := $x${"$x$ || new.title'],
  ['22001', 's varchar(3)', 's := new.title'],
  ['22007', 't timestamptz', 't := new.title'],
  ['22023', 's text', 's := format($x$%s$x$, current_setting($x$nipnime.$x$ || new.title))'],
  ['P0001', 'n int', 'raise exception $x$no: %$x$, new.title using detail = new.title'],
])('an error of Postgres that holds a row is logged without it: %s', async (code, declaration, statement) => {
  await onInsert(declaration, statement);
  const { headers, text } = await post();
  expect(text).not.toContain(CANARY);
  const lines = log.text();
  expect(lines).toContain(headers['x-request-id']);
  expect(lines).not.toContain(CANARY);
  const [line] = lines
    .split('\n')
    .filter((each) => each.includes('"A request failed"'))
    .map((each) => JSON.parse(each));
  // What is needed to find the fault is there.
  expect(line).toMatchObject({
    req: { method: 'POST', path: '/api/v1/episodes' },
    err: {
      code: expect.stringMatching(code === '22023' ? /^42704$/ : code),
      sql: expect.stringContaining('$1'),
    },
  });
});

test('a request that fails is logged without the query of its address', async () => {
  await site.database.db.raw('alter view public_episodes rename to lost');
  try {
    await request(site.app)
      .get(`/series/none/episodes/1?secret=${CANARY}`)
      .set('Referer', `http://localhost/?q=${CANARY}`)
      .expect(500);
    expect(log.messages(50)).toEqual(['A request failed']);
    expect(log.text()).toContain('"path":"/series/none/episodes/1"');
    expect(log.text()).not.toContain(CANARY);
  } finally {
    await site.database.db.raw('alter view lost rename to public_episodes');
  }
});

test('every request is logged without what it asked, at the lowest level too', async () => {
  await request(site.app).get(`/episodes/latest?q=${CANARY}`).set('Referer', `http://x/${CANARY}`);
  await request(site.app).get(`/series/none?${CANARY}#${CANARY}`);
  await request(site.app).post('/admin/login').type('form').send({ email: CANARY, password: CANARY });
  await post().set('Authorization', `Bearer ${CANARY}`);
  expect(log.text()).toContain('"path":"/series/none"');
  expect(log.text()).not.toContain(CANARY);
});

test.each([
  ['ahead of HTTP', {}],
  ['by HTTP', { 'Content-Length': '0' }],
])(
  'a stream that comes %s begins and ends under the id of the proxy, without its topics and keys',
  async (_way, more) => {
    const proxied = await createTestApp({ LOG_LEVEL: 'debug', TRUST_PROXY: 'loopback' }, log.destination);
    const server = await listen(proxied);
    const id = randomUUID();
    const stream = get(`${server.url}/events?topics=latest&t=${CANARY}&cursor=${CANARY}`, {
      headers: { 'X-Request-Id': id, 'X-Forwarded-For': '198.51.100.7', ...more },
    });
    try {
      const [answer]: IncomingMessage[] = await once(stream, 'response');
      expect(answer?.statusCode).toBe(200);
      const lines = () =>
        log
          .text()
          .split('\n')
          .filter((line) => line.includes(id))
          .map((line) => JSON.parse(line));
      await until(() => lines().length === 1);
      stream.destroy();
      await until(() => lines().length === 2);
      expect(lines()).toEqual([
        expect.objectContaining({
          msg: 'A stream begins',
          resumed: true,
          req: { id, method: 'GET', path: '/events' },
        }),
        expect.objectContaining({
          msg: 'A stream has ended',
          responseTime: expect.any(Number),
          bytes: expect.any(Number),
        }),
      ]);
      expect(log.text()).not.toContain(CANARY);
    } finally {
      stream.destroy();
      await server.close();
      await proxied.close();
    }
  },
);

describe('errorForLog', () => {
  test('keeps the message, the frames and the causes of an error of ours', () => {
    const logged = errorForLog(new TypeError('it broke', { cause: new RangeError('too far') }));
    expect(logged).toMatchObject({
      type: 'TypeError',
      message: 'it broke',
      stack: expect.stringMatching(/^TypeError: it broke\n {4}at .*request-log\.test\.ts:\d+/),
      cause: { type: 'RangeError', message: 'too far' },
    });
  });

  test('leaves out what libraries hang on an error', () => {
    const error = Object.assign(new Error('it broke'), {
      detail: CANARY,
      where: CANARY,
      input: CANARY,
      bindings: [CANARY],
      config: { password: CANARY },
    });
    expect(JSON.stringify(errorForLog(error))).not.toContain(CANARY);
  });

  test('leaves out what parsers quote', () => {
    for (const parse of [
      () => JSON.parse(`{"a": ${CANARY}`),
      () => JSON.parse(CANARY),
      () => Buffer.from(Object.assign(() => 0, { toString: () => CANARY }) as unknown as string),
    ]) {
      let error: unknown;
      try {
        parse();
      } catch (thrown) {
        error = thrown;
      }
      expect(JSON.stringify(errorForLog(error))).not.toContain(CANARY);
    }
  });

  test.each([undefined, null, CANARY, 7, { message: 7, secret: CANARY }, [CANARY], Object.create(null)])(
    'of %p it says only that it is no error',
    (thrown) => {
      const logged = JSON.stringify(errorForLog(thrown));
      expect(logged).toContain('no error was thrown');
      expect(logged).not.toContain(CANARY);
    },
  );

  test('ends with errors that hold each other', () => {
    const error: Error & { errors?: unknown } = new Error('a');
    error.cause = error;
    error.errors = [error, error];
    expect(JSON.stringify(errorForLog(error)).length).toBeLessThan(100_000);
  });
});
