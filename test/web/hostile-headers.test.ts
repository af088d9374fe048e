import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createTestApp, type TestApp } from '../support/app';
import { listen } from '../support/stream-client';

let app: TestApp;
let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  app = await createTestApp({ TRUST_PROXY: '1', SSE_MAX_CONNECTIONS_PER_IP: '1000' });
  server = await listen(app);
});
afterAll(async () => {
  await server.close();
  await app.close();
});

const LENGTH = 1_700;
const FACTOR = 8;
/** What grows with the length takes at most 8 times as long, what grows with its square 64 times. */
const MAX_RATIO = 20;
/** Nothing that is linear takes so long for a header of 14 KB; what grows with the square takes several times that. */
const NOISE_MS = 30;

const ADDRESSES = [
  ['GET', '/episodes/latest'],
  ['GET', '/about'],
  ['GET', '/events?x=1'],
  ['GET', '/icons/favicon.svg'],
  ['GET', '/art/1/posters/0123456789ab.svg'],
  ['GET', '/api/v1/series'],
  ['GET', '/admin/login'],
  ['POST', '/admin/login'],
] as const;

/** Each a beginning, a part that is said over and over, and an end. */
const HEADERS: readonly (readonly [string, readonly (readonly [string, string, string])[]])[] = [
  [
    'Accept-Encoding',
    [
      ['gzip;q=0.', '1', 'x'],
      ['', 'gzip;q=0.1,', 'x'],
      ['gzip;', ' ', 'x'],
      ['', 'a;', ''],
      ['', '*,', ''],
    ],
  ],
  [
    'If-None-Match',
    [
      ['', '"a",', ''],
      ['W/', ' ', 'x'],
    ],
  ],
  [
    'Cache-Control',
    [
      ['', ' ,', 'x'],
      ['no-cache', ' ', 'x'],
    ],
  ],
  [
    'Cookie',
    [
      ['', 'a=b;', ''],
      ['nipnime.sid=s%3A', 'a', ''],
      ['a=', ' ', 'x'],
    ],
  ],
  [
    'Content-Type',
    [
      ['application/json;', ' ', 'x'],
      ['a/', 'b', ' '],
      ['application/x-www-form-urlencoded', '; a="\\\\"', 'x'],
    ],
  ],
  [
    'Range',
    [
      ['bytes=', '0-0,', ''],
      ['bytes=', ' ', '-'],
    ],
  ],
  [
    'X-Forwarded-For',
    [
      ['', '1,', ''],
      ['', '::', ':'],
      ['', 'a:', 'x'],
      ['', ' ', ','],
    ],
  ],
  ['Authorization', [['Bearer ', 'a', '='.repeat(50)]]],
  [
    'Accept',
    [
      ['', 'a/b;q=0.1,', ''],
      ['a/b;', ' ', 'x'],
    ],
  ],
  ['Last-Event-ID', [['a.', '0', '']]],
  ['Origin', [['http://', 'a.', '']]],
];

async function answerMs(method: string, path: string, headers: Record<string, string>): Promise<number> {
  const beganMs = performance.now();
  const sent = request(`${server.url}${path}`, { method, headers, agent: false }).end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  const ms = performance.now() - beganMs;
  response?.destroy();
  return ms;
}

test.each(HEADERS)(
  'a long %s costs no more than its length',
  async (name, values) => {
    for (const [method, path] of ADDRESSES) {
      for (const [start, part, end] of values) {
        const bestMs = async (length: number, tries: number): Promise<number> => {
          const value = start + part.repeat(Math.floor(length / part.length)) + end;
          let best = Number.POSITIVE_INFINITY;
          for (let index = 0; index < tries; index++)
            best = Math.min(best, await answerMs(method, path, { [name]: value }));
          return best;
        };
        if ((await bestMs(FACTOR * LENGTH, 1)) < NOISE_MS) continue;
        const longMs = await bestMs(FACTOR * LENGTH, 5);
        const isSlow = longMs >= NOISE_MS && longMs > MAX_RATIO * (await bestMs(LENGTH, 5));
        expect({ method, path, value: `${start}${part}…${end}`, isSlow }).toMatchObject({ isSlow: false });
      }
    }
  },
  60_000,
);
