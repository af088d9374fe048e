import { acceptsGzip, parseStreamHead } from '../../../src/live/wire/stream-head';

const parse = (...lines: readonly string[]) =>
  parseStreamHead(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), '192.0.2.1');

test('reads the head of a browser', () => {
  expect(
    parse(
      'GET /events?cursor=k3f9.10422 HTTP/1.1',
      'Host: localhost:3000',
      'Connection: keep-alive',
      'Accept: text/event-stream',
      'Cache-Control: no-store',
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64)',
      'Sec-Fetch-Site: same-origin',
      'Referer: http://localhost:3000/episodes/latest',
      'Accept-Encoding: gzip, deflate, br, zstd',
      'Accept-Language: en-US,en;q=0.9',
    ),
  ).toEqual({
    remoteAddress: '192.0.2.1',
    forwardedFor: undefined,
    resumeFrom: 'k3f9.10422',
    topics: undefined,
    tickets: [],
    gzip: true,
    chunked: true,
  });
});

test('the header of the last id wins over the address; a proxy is heard', () => {
  expect(
    parse(
      'GET /events?cursor=k3f9.1 HTTP/1.0',
      'Last-Event-ID:k3f9.2',
      'X-Forwarded-For: 198.51.100.7',
      'Connection: close',
    ),
  ).toMatchObject({ resumeFrom: 'k3f9.2', forwardedFor: '198.51.100.7', gzip: false, chunked: false });
  expect(parse('GET /events HTTP/1.1', 'Host: a', 'Last-Event-ID:')).toMatchObject({ resumeFrom: undefined });
});

test.each([
  ['?lastEventId=k3f9.2', 'k3f9.2'],
  ['?&lastEventId=k3f9.2', 'k3f9.2'],
  ['?cursor=k3f9.1&lastEventId=k3f9.2', 'k3f9.2'],
  ['?cursor=k3f9.1&lastEventId=', 'k3f9.1'],
  ['?lastEventId=', undefined],
  ['?', undefined],
])('reads the address of a polyfill: %s', (query, resumeFrom) => {
  expect(parse(`GET /events${query} HTTP/1.1`, 'Host: a')).toMatchObject({ resumeFrom });
  expect(parse(`GET /events${query} HTTP/1.1`, 'Host: a', 'Last-Event-ID: k3f9.3')).toMatchObject({
    resumeFrom: 'k3f9.3',
  });
});

test.each([
  ['?topics=latest,series:44&cursor=k3f9.1', 'latest,series:44', []],
  ['?topics=latest%2Cseries%3A44', 'latest,series:44', []],
  ['?t=abc.def&t=g-h.i_j&topics=latest', 'latest', ['abc.def', 'g-h.i_j']],
])('reads the topics of %s', (query, topics, tickets) => {
  expect(parse(`GET /events${query} HTTP/1.1`, 'Host: a')).toMatchObject({ topics, tickets });
});

describe("leaves to Node's parser", () => {
  const host = 'Host: localhost';
  const start = 'GET /events HTTP/1.1';
  test.each([
    ['another path', ['GET /eventsource HTTP/1.1', host]],
    ['another spelling of the path', ['GET /%65vents HTTP/1.1', host]],
    ['an absolute address', ['GET http://localhost/events HTTP/1.1', host]],
    ['another method', ['POST /events HTTP/1.1', host]],
    ['a method in small letters', ['get /events HTTP/1.1', host]],
    ['another version', ['GET /events HTTP/2.0', host]],
    ['two spaces', ['GET  /events HTTP/1.1', host]],
    ['a tab', ['GET\t/events HTTP/1.1', host]],
    ['no host', [start]],
    ['two hosts', [start, host, host]],
    ['two last ids', [start, host, 'Last-Event-ID: a.1', 'last-event-id: a.2']],
    ['two lists of proxies', [start, host, 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2']],
    ['a body', [start, host, 'Content-Length: 5']],
    ['an empty body', [start, host, 'Content-Length: 0']],
    ['a body in chunks', [start, host, 'Transfer-Encoding: chunked']],
    ['an expectation', [start, host, 'Expect: 100-continue']],
    ['another protocol', [start, host, 'Connection: Upgrade', 'Upgrade: h2c']],
    ['a connection with further names', [start, host, 'Connection: close, X-Forwarded-For']],
    ['a folded line', [start, host, 'Accept: text/event-stream', ' , text/html']],
    ['a space before the colon', [start, 'Host : localhost']],
    ['a line without a colon', [start, host, 'nonsense']],
    ['an empty name', [start, host, ': value']],
    ['a control character', [start, host, 'X-A: a\u0000b']],
    ['a bare line feed', [start, host, 'X-A: a\nX-B: b']],
    ['a bare carriage return', [start, host, 'X-A: a\rX-B: b']],
    ['a letter beyond ASCII', [start, host, 'X-A: ü']],
    ['a long head', [start, host, `X-A: ${'a'.repeat(5_000)}`]],
    ['a second head', [start, host, '', 'GET / HTTP/1.1', host]],
  ])('%s', (_name, lines) => {
    expect(parse(...lines)).toBeUndefined();
  });

  test.each([
    'GET /events HTTP/1.1\r\nHost: a',
    'GET /events HTTP/1.1\nHost: a\n\n',
    '',
    '\r\n\r\n',
    '\u0016\u0003',
  ])('half a head, or none: %p', (head) => {
    expect(parseStreamHead(Buffer.from(head), '192.0.2.1')).toBeUndefined();
  });
});

test.each([
  ['gzip', true],
  ['deflate, gzip;q=0.5', true],
  ['br,GZIP ; q=1.0', true],
  ['gzip;q=0', false],
  ['gzip;q=0.000', false],
  ['x-gzip-like', false],
  ['br', false],
  ['', false],
  [undefined, false],
])('Accept-Encoding %p asks for gzip: %p', (value, expected) => {
  expect(acceptsGzip(value)).toBe(expected);
});
