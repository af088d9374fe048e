import { once } from 'node:events';
import { connect } from 'node:net';
import { securityHeaders } from '../../src/platform/security-headers';
import { answerRefusals } from '../../src/web/refusals';
import { createTestApp, type TestApp } from '../support/app';
import { listen } from '../support/stream-client';

let app: TestApp;
let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  app = await createTestApp();
  server = await listen(app);
});
afterAll(async () => {
  await server.close();
  await app.close();
});

/** Sends this, and gives the answer up to its end, or up to `enough`. */
async function answerTo(request: string, enough?: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  socket.on('error', () => undefined).write(request);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
    if (enough !== undefined && answer.includes(enough)) socket.destroy();
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

/** Of a head: how often each field is there. */
function countFields(head: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of head.split('\r\n').slice(1)) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const get = (path: string, ...fields: readonly string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...fields, '', ''].join('\r\n');
const poster = '/art/1/posters/0123456789ab.svg';

test.each([
  ['a page', 200, get('/episodes/latest')],
  ['a page from memory', 200, get('/episodes/latest')],
  ['a page that is known', 304, get('/episodes/latest', 'If-None-Match: *')],
  ['a page of Express', 200, get('/about')],
  ['a picture', 200, get(poster)],
  ['a picture that is known', 304, get(poster, 'If-None-Match: *')],
  ['a redirect', 302, get('/')],
  ['a file', 200, get('/icons/favicon.svg')],
  ['a folder', 404, get('/icons')],
  ['a file that is missing', 404, get('/icons/nothing.svg')],
  ['a path that is damaged', 400, get('/icons/%ff')],
  ['an address that is unknown', 404, get('/nothing')],
  ['an address that is wrong', 400, get('/episodes/latest?type=opera')],
  ['the API without a token', 401, get('/api/v1/episodes')],
  ['the back office', 303, get('/admin')],
  ['health', 200, get('/healthz')],
  ['the stream ahead of HTTP', 200, get('/events')],
  ['the stream through HTTP', 200, get('/events?x=1')],
  ['the stream by another method', 405, get('/events').replace('GET', 'DELETE')],
  ['what comes after a point', 410, get('/changes/k3f9.1?topics=latest')],
  ['what comes after a point, written in another way', 308, get('/changes/k3f9.1')],
  ['what comes after a point, by another method', 405, get('/changes/k3f9.1').replace('GET', 'PUT')],
  ['nonsense', 400, 'nonsense\r\n\r\n'],
  ['a head that is too long', 431, get('/', `X-A: ${'a'.repeat(20_000)}`)],
  ['no host', 400, 'GET / HTTP/1.1\r\n\r\n'],
  ['an expectation', 417, get('/', 'Expect: the-unexpected')],
  ['a body of two lengths', 400, get('/', 'Content-Length: 1', 'Transfer-Encoding: chunked')],
])('%s carries each of the headers once: %d', async (_name, status, request) => {
  const answer = await answerTo(request, '\r\n\r\n');
  const [head = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  const counts = countFields(head);
  for (const [name, value] of securityHeaders()) {
    expect([name, counts.get(name)]).toEqual([name, 1]);
    expect(head.toLowerCase()).toContain(`${name}: ${value.toLowerCase()}`);
  }
});

test('a stream behind an answer of its connection is told to come back, with the headers', async () => {
  const answer = await answerTo(
    'GET /series/nothing HTTP/1.1\r\nHost: a\r\n\r\nGET /events?x=1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'event: bye',
  );
  const head = answer.slice(answer.lastIndexOf('HTTP/1.1'));
  expect(head).toContain('text/event-stream');
  for (const [name] of securityHeaders()) expect(countFields(head).get(name)).toBe(1);
});

test('an answer that has begun is cut off, not mixed with a refusal', async () => {
  const half = await listen((_request, response) => response.writeHead(200).write('half'));
  answerRefusals(half.server, securityHeaders());
  try {
    const socket = connect(half.port, '127.0.0.1').setEncoding('utf8');
    socket.on('error', () => undefined).write(get('/').replace('close', 'keep-alive'));
    let answer = '';
    socket.on('data', (chunk) => {
      if (answer === '') socket.write('nonsense\r\n\r\n');
      answer += chunk;
    });
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer).toContain('half');
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  } finally {
    await half.close();
  }
});

test('HSTS speaks for this host alone, and players may do what they need', () => {
  const headers = securityHeaders();
  expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
  for (const feature of ['autoplay', 'encrypted-media', 'fullscreen', 'picture-in-picture'])
    expect(headers.get('permissions-policy')).toContain(`${feature}=*`);
  for (const feature of ['camera', 'microphone', 'geolocation', 'payment'])
    expect(headers.get('permissions-policy')).toContain(`${feature}=()`);
});
