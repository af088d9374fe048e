import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { createParser } from 'eventsource-parser';
import { securityHeaders } from '../../../src/platform/security-headers';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries } from '../../support/catalog';
import { listen } from '../../support/stream-client';
import { until } from '../../support/until';

let app: TestApp;
let server: Awaited<ReturnType<typeof listen>>;
let series: { readonly id: string };

const start = async (): Promise<void> => {
  app = await createTestApp({ SSE_MAX_CONNECTIONS_PER_IP: '20' });
  series = await newSeries(app.catalog, { title: 'Listened to' });
};
beforeAll(start);
beforeEach(async () => {
  server = await listen(app);
});

/** A hub that has drained takes nobody any more: the next test gets another. */
let hasDrained = false;
const drain = async (): Promise<void> => {
  hasDrained = true;
  await app.hub.drain(0);
};
afterEach(async () => {
  await server.close();
  await until(() => app.hub.connections === 0);
  if (!hasDrained) return;
  hasDrained = false;
  await app.close();
  await start();
});
afterAll(() => app.close());

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Sends these bytes, and gathers the answer. */
async function send(...parts: readonly string[]): Promise<{ readonly socket: Socket; text: () => string }> {
  const socket = connect({ port: server.port, allowHalfOpen: true });
  sockets.push(socket);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'connect');
  for (const part of parts) {
    await new Promise((resolve) => socket.write(part, resolve));
    // So that each part is read by itself.
    for (let turn = 0; turn < 20; turn++) await nextTurn();
  }
  return { socket, text: () => Buffer.concat(chunks).toString() };
}

const HEAD = 'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** The same to whoever asks, but not what is taken ahead of HTTP. */
const UNUSUAL_HEAD = 'GET /events?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n';

test.each([
  ['ahead of HTTP', HEAD],
  ['through HTTP', UNUSUAL_HEAD],
  ['byte by byte', [...HEAD]],
])('the stream is the same in chunks: %s', async (_name, head) => {
  const { text, socket } = await send(...(typeof head === 'string' ? [head] : head));
  await until(() => text().includes('event: hello'));
  expect(
    text()
      .split('\r\n\r\n')[0]
      ?.replace(/Date: .*/, 'Date: …'),
  ).toBe(
    [
      'HTTP/1.1 200 OK',
      'Content-Type: text/event-stream; charset=utf-8',
      'Cache-Control: no-store, no-transform',
      'X-Accel-Buffering: no',
      'Vary: Accept-Encoding',
      ...[...securityHeaders()].map(([name, value]) => `${name}: ${value}`),
      'Connection: close',
      'X-Stream-Format: plain chunked',
      'Transfer-Encoding: chunked',
      'Date: …',
    ].join('\r\n'),
  );
  const episode = await newEpisode(app.catalog, series.id);
  await until(() => text().includes(`"key":"${episode.id}"`));
  const closed = once(socket, 'end');
  await drain();
  await closed;
  expect(text()).toMatch(/event: bye\ndata: .*\n\n\r\n0\r\n\r\n$/);
});

test('a client of HTTP/1.0 gets the stream without chunks, up to the end of the connection', async () => {
  const { text } = await send('GET /events HTTP/1.0\r\n\r\n');
  await until(() => text().includes('event: hello'));
  expect(text()).not.toContain('Transfer-Encoding');
  expect(text()).toContain('\r\nX-Stream-Format: plain\r\n');
  expect(text()).toMatch(/\r\n\r\nretry: \d+\n\nevent: hello\n/);
});

test.each([
  ['ahead of HTTP', '/events'],
  ['through HTTP', '/events?x=1'],
])('compressed, each event can be read when it comes, and the end is one: %s', async (_name, path) => {
  const agent = new Agent();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${server.url}${path}`, { agent, headers: { 'Accept-Encoding': 'gzip' } }, resolve).on(
      'error',
      reject,
    );
  });
  expect(response.headers['content-encoding']).toBe('gzip');
  const events: string[] = [];
  const parser = createParser({ onEvent: ({ event }) => events.push(event ?? '') });
  // Strict: a member without its end, or with a wrong checksum, is an error.
  const plain = response.pipe(createGunzip());
  plain.setEncoding('utf8').on('data', (text: string) => parser.feed(text));
  await until(() => events.includes('hello'));
  for (let count = 1; count <= 3; count++) {
    await newEpisode(app.catalog, series.id, { number: 100 * count + events.length });
    await until(() => events.length === 1 + count);
  }
  const ended = once(plain, 'end');
  await drain();
  await ended;
  expect(events).toEqual(['hello', 'upsert', 'upsert', 'upsert', 'bye']);
});

test('a connection that was used for pages before can become a stream', async () => {
  const { text } = await send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => text().includes('ok\n'));
  const [socket] = sockets;
  socket?.write(HEAD);
  await until(() => text().includes('event: hello'));
});

test('a stream that is asked for before the answer to another request has come is put off', async () => {
  const { text } = await send(`GET /episodes/latest HTTP/1.1\r\nHost: localhost\r\n\r\n${HEAD}`);
  await until(() => text().includes('"reason":"busy"'));
  expect(text()).toContain('<html');
});

test('other requests go on to HTTP as they came, in any number of parts', async () => {
  const body = JSON.stringify({ title: 'x'.repeat(60_000) });
  const head = `POST /api/v1/series HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  for (const parts of [
    [head + body],
    [head, body],
    ['P', head.slice(1), body.slice(0, 10), body.slice(10)],
  ]) {
    const { text } = await send(...parts);
    await until(() => text().includes('HTTP/1.1 401'));
  }
  const { text } = await send(
    'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  await until(() => text().match(/ok\n/g)?.length === 2);
});

test('many requests on connections that are kept', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 5 });
  const statuses = await Promise.all(
    Array.from(
      { length: 50 },
      (_, index) =>
        new Promise<number | undefined>((resolve, reject) => {
          const sent = request(`${server.url}/healthz?${index}`, { agent }, (response) => {
            response.resume().on('end', () => resolve(response.statusCode));
          });
          sent.on('error', reject).end();
        }),
    ),
  );
  agent.destroy();
  expect(statuses).toEqual(Array(50).fill(200));
});

test.each([
  ['says something after its request', (socket: Socket) => socket.write('more')],
  ['ends its half of the connection', (socket: Socket) => socket.end()],
  ['breaks', (socket: Socket) => socket.resetAndDestroy()],
])('a client that %s is let go', async (_name, misbehave) => {
  const { socket, text } = await send(HEAD);
  await until(() => text().includes('event: hello'));
  expect(app.hub.connections).toBe(1);
  misbehave(socket);
  await until(() => app.hub.connections === 0);
});

test('connections that say nothing can be ended, so that they hold up no server that closes', async () => {
  const silent = createServer(app.app);
  const endSilent = app.acceptStreams(silent);
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
  sockets.push(socket);
  await Promise.all([once(silent, 'connection'), once(socket, 'connect')]);
  silent.close();
  endSilent();
  await once(silent, 'close');
});

test.each(['POST', 'HEAD', 'OPTIONS', 'DELETE'])('%s is refused', async (method) => {
  const response = await fetch(`${server.url}/events`, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET');
});
