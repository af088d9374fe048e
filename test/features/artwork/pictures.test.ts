import { createServer, type Server } from 'node:http';
import request from 'supertest';
import { Pictures } from '../../../src/features/artwork/pictures';
import { createTestApp, type TestApp } from '../../support/app';

const POSTER = '/art/1/posters/0123456789ab.svg';
const STILL = '/art/1/stills/0123456789ab/regular-12.5.svg';

function startPictures(maxBytes?: number) {
  const drawn: true[] = [];
  const pictures = new Pictures({
    headers: new Map([['X-Content-Type-Options', 'nosniff']]),
    requestId: () => 'an id',
    onDrawing: () => drawn.push(true),
    ...(maxBytes !== undefined && { maxBytes }),
  });
  const server = createServer((incoming, response) => {
    if (!pictures.serve(incoming, response)) response.writeHead(404).end();
  });
  servers.push(server.listen(0, '127.0.0.1'));
  const get = (path: string, encoding = 'identity') =>
    request(server)
      .get(path)
      .set('Accept-Encoding', encoding)
      .then((answer) => answer);
  return { server, drawn, get };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

test.each([POSTER, STILL])(
  '%s is drawn once, in whatever encoding and by however many it is asked for',
  async (path) => {
    const { get, drawn } = startPictures();
    const encodings = ['gzip', 'br', 'identity', 'gzip', 'br'];
    const answers = await Promise.all(encodings.map((encoding) => get(path, encoding)));
    for (const [index, { status, headers }] of answers.entries()) {
      const encoding = encodings[index];
      expect(status).toBe(200);
      expect(headers['content-encoding']).toBe(encoding === 'identity' ? undefined : encoding);
      expect(headers).toMatchObject({
        'content-type': 'image/svg+xml',
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'Accept-Encoding',
        'x-content-type-options': 'nosniff',
        'x-request-id': 'an id',
      });
    }
    expect(drawn).toHaveLength(1);
  },
);

test('a browser that has it is not sent it again', async () => {
  const { server } = startPictures();
  const { headers } = await request(server).get(POSTER).expect(200);
  const { text } = await request(server).get(POSTER).set('If-None-Match', String(headers.etag)).expect(304);
  expect(text).toBe('');
});

test('HEAD has the headers alone', async () => {
  const { server } = startPictures();
  const { headers } = await request(server).get(POSTER).set('Accept-Encoding', 'gzip');
  const head = await request(server).head(POSTER).set('Accept-Encoding', 'gzip').expect(200);
  expect(head.headers['content-length']).toBe(headers['content-length']);
});

test('whoever makes addresses up pushes out only what was used longest ago', async () => {
  const { get, drawn } = startPictures(40_000);
  for (let key = 0; key < 50; key++) {
    await get(POSTER);
    await get(`/art/1/posters/${String(key).padStart(12, '0')}.svg`, 'br');
  }
  expect(drawn).toHaveLength(51);
  await get('/art/1/posters/000000000000.svg');
  expect(drawn).toHaveLength(52);
});

describe('in the site', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp();
  });
  afterAll(() => app.close());

  test.each([
    '/art/1/stills/../x.svg',
    '/art/1/stills/0123456789ab/regular-1..svg',
    '/art/1/stills/0123456789ab/regular-01.svg',
    '/art/1/stills/0123456789ab/regular-1.50.svg',
    '/art/1/stills/0123456789ab/regular-1.0.svg',
    '/art/1/stills/0123456789ab/regular-....svg',
    '/art/1/stills/0123456789ab/other-1.svg',
    '/art/1/stills/0123456789ab.svg',
    '/art/1/posters/0123456789ab/regular-1.svg',
    '/art/1/posters/0123456789AB.svg',
    '/art/1/posters/0123456789ab.svg?x=1',
    '/art/10/posters/0123456789ab.svg',
    '/art/1',
  ])('there is no picture at %s', async (path) => {
    await request(app.app).get(path).expect(404);
  });

  test('there are pictures', async () => {
    for (const path of [POSTER, STILL]) {
      const { headers } = await request(app.app).get(path).expect(200);
      expect(headers['content-security-policy']).toContain("default-src 'self'");
    }
  });
});
