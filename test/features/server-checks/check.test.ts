import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CheckedServer, checkServer } from '../../../src/features/server-checks/check';
import { CheckLimits } from '../../../src/features/server-checks/limits';
import type { Network } from '../../../src/platform/public-fetch';
import { LOOPBACK } from '../../support/hook-target';

async function check(
  listener: RequestListener,
  kind: CheckedServer['kind'] = 'file',
  network: Network = LOOPBACK,
) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.range ?? ''}`.trim());
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://video.example:${(server.address() as AddressInfo).port}/1.mp4`;
    return { ...(await checkServer({ url, kind }, { network })), asked };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const VIDEO = { 'content-type': 'video/mp4', 'content-length': '734003200' };

test('a file that answers says with what, and nobody reads it', async () => {
  const { state, text, asked } = await check((_request, response) => response.writeHead(200, VIDEO).end());
  expect(state).toBe('answers');
  expect(text).toMatch(/^It answers: 200, video\/mp4, 734 MB, after \d+ ms\.$/);
  expect(asked).toEqual(['HEAD']);
});

test('where HEAD is not understood, the first bytes are asked for', async () => {
  const { state, text, asked } = await check((request, response) =>
    request.method === 'HEAD'
      ? response.writeHead(405).end()
      : response
          .writeHead(206, { 'content-type': 'video/mp4', 'content-range': 'bytes 0-1023/1500' })
          .end('x'.repeat(1_024)),
  );
  expect([state, asked]).toEqual(['answers', ['HEAD', 'GET bytes=0-1023']]);
  expect(text).toContain('206, video/mp4, 1.5 KB');
});

test.each<[string, CheckedServer['kind'], RequestListener, string, string]>([
  ['nothing there', 'file', (_q, r) => r.writeHead(404).end(), 'fails', 'It answers 404.'],
  [
    'a page',
    'file',
    (_q, r) => r.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(),
    'doubtful',
    'It answers with a page, not with a video.',
  ],
  [
    'a door',
    'file',
    (_q, r) => r.writeHead(403).end(),
    'doubtful',
    'It answers 403: this server is not let in',
  ],
  ['no playlist', 'hls', (_q, r) => r.writeHead(200).end('<html>'), 'doubtful', 'not with a playlist'],
  ['a playlist', 'hls', (_q, r) => r.writeHead(200).end('#EXTM3U\n'), 'answers', 'It answers: 200'],
  [
    'a frame that it refuses',
    'embed',
    (_q, r) => r.writeHead(200, { 'x-frame-options': 'DENY' }).end(),
    'doubtful',
    'does not want to be embedded',
  ],
  ['cut off', 'file', (q) => q.socket.destroy(), 'fails', 'It cut the connection.'],
  [
    'words of its own',
    'file',
    (_q, r) => r.writeHead(200, { 'content-type': '<script>alert(1)</script>' }).end(),
    'answers',
    'It answers: 200, after',
  ],
])('%s', async (_what, kind, listener, state, text) => {
  const found = await check(listener, kind);
  expect(found.state).toBe(state);
  expect(found.text).toContain(text);
});

test('is led on three times, and to no private address', async () => {
  let steps = 0;
  const onAndOn = await check((_request, response) =>
    response.writeHead(302, { location: `/${++steps}` }).end(),
  );
  expect(onAndOn).toMatchObject({ state: 'fails', text: 'It leads on and on, to no answer.' });
  expect(onAndOn.asked).toHaveLength(8);
  const guarded: Network = {
    ...LOOPBACK,
    resolve: async (hostname) => [
      { address: hostname === 'video.example' ? '127.0.0.1' : '10.0.0.1', family: 4 },
    ],
    isAllowed: ({ address }) => address === '127.0.0.1',
  };
  const inside = await check(
    (_request, response) => response.writeHead(302, { location: 'http://inside.example/' }).end(),
    'file',
    guarded,
  );
  expect(inside).toMatchObject({
    state: 'fails',
    text: expect.stringContaining('Must lead to a public address'),
  });
});

test('a file of the site is not asked for', async () => {
  expect(await checkServer({ url: '/media/clip.mp4', kind: 'file' })).toMatchObject({ state: 'own' });
});

test('an admin lets the site ask thirty times a minute, whatever others do', async () => {
  const limits = new CheckLimits();
  const taken: boolean[] = [];
  for (let count = 0; count < 31; count++) taken.push(await limits.take('1'));
  expect(taken.indexOf(false)).toBe(30);
  expect(await limits.take('2')).toBe(true);
});
