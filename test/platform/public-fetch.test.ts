import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  addressProblem,
  fetchPublic,
  isPublicAddress,
  type Network,
  type PublicRequest,
} from '../../src/platform/public-fetch';
import { until } from '../support/until';

/** Everything leads to this machine, and may. */
const loopback = (looked: string[] = []): Network => ({
  resolve: async (hostname) => {
    looked.push(hostname);
    return [{ address: '127.0.0.1', family: 4 }];
  },
  isAllowed: () => true,
  isAllowedPort: () => true,
});

async function withServer(
  listener: RequestListener,
  work: (url: string, requests: string[]) => Promise<void>,
): Promise<void> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.headers.host} ${request.url}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://hook.example:${(server.address() as AddressInfo).port}/in`, requests);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const GET: PublicRequest = { method: 'GET', maxBytes: 100, timeoutMs: 5_000 };

test.each([
  '127.0.0.1',
  '0.0.0.0',
  '10.1.2.3',
  '100.100.100.200',
  '169.254.169.254',
  '172.31.255.255',
  '192.0.0.192',
  '192.168.0.1',
  '198.18.0.1',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  'fe80::1',
  'fec0::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  'hook.example',
  '',
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450:4001:82a::200e'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each([
  ['no address', 'Must be a whole address'],
  ['ftp://hook.example/', 'Must begin with https://'],
  ['file:///etc/passwd', 'Must begin with https://'],
  ['https://ada:secret@hook.example/', 'Must have no name and password'],
  ['http://hook.example:25/', 'Must have one of the ports'],
  ['http://127.0.0.1/', 'Must lead to a public address'],
  ['http://2130706433/', 'Must lead to a public address'],
  ['http://0x7f.1/', 'Must lead to a public address'],
  ['http://[::ffff:127.0.0.1]/', 'Must lead to a public address'],
  ['http://[::1]:8080/', 'Must lead to a public address'],
])('%s is refused before anything is looked up', async (url, why) => {
  expect(addressProblem(url)).toContain(why);
  expect(await fetchPublic(url, GET)).toMatchObject({ outcome: 'refused' });
});

test.each(['localhost', 'localhost.', 'LOCALHOST'])(
  '%s leads to this machine, and is refused',
  async (host) => {
    const answer = await fetchPublic(`http://${host}:8080/`, GET);
    expect(['refused', 'unreachable']).toContain(answer.outcome);
    if (host === 'localhost') expect(answer.outcome).toBe('refused');
  },
);

test('a name of which one address is private is refused, whatever the others are', async () => {
  const network: Network = {
    resolve: async () => [
      { address: '1.1.1.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ],
    isAllowed: ({ address }) => isPublicAddress(address),
    isAllowedPort: () => true,
  };
  expect(await fetchPublic('https://both.example/', GET, network)).toMatchObject({ outcome: 'refused' });
});

test('the name is looked up once, and the connection goes to what was looked at', async () => {
  const looked: string[] = [];
  await withServer(
    (_request, response) => response.end('yes'),
    async (url, requests) => {
      const answer = await fetchPublic(url, GET, loopback(looked));
      expect(answer).toMatchObject({ outcome: 'answered', status: 200 });
      expect(looked).toEqual(['hook.example']);
      // By its own name, as the server behind it expects.
      expect(requests).toEqual([expect.stringMatching(/^GET hook\.example:\d+ \/in$/)]);
    },
  );
});

test('a redirect is not followed', async () => {
  await withServer(
    (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    async (url, requests) => {
      expect(await fetchPublic(url, GET, loopback())).toMatchObject({ outcome: 'answered', status: 302 });
      expect(requests).toHaveLength(1);
    },
  );
});

test('no more of an answer is read than is wanted, and its connection is closed', async () => {
  let closed = false;
  await withServer(
    (_request, response) => {
      response.on('close', () => {
        closed = true;
      });
      const goOn = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1_000)));
      };
      response.on('drain', goOn);
      goOn();
    },
    async (url) => {
      const answer = await fetchPublic(url, GET, loopback());
      expect(answer).toMatchObject({ outcome: 'answered', status: 200 });
      expect(answer.outcome === 'answered' && answer.body.toString()).toBe('x'.repeat(100));
      await until(() => closed);
    },
  );
});

test.each<[string, RequestListener]>([
  ['says nothing', () => undefined],
  [
    'goes on drop by drop',
    (_request, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    },
  ],
])('one that %s is given up in time', async (_what, listener) => {
  await withServer(listener, async (url) => {
    const answer = await fetchPublic(url, { ...GET, timeoutMs: 200 }, loopback());
    expect(answer).toMatchObject({ outcome: 'unreachable', why: 'It did not answer within 0.2 s.' });
  });
});

test('what can’t be reached is said in words, and nothing of the other side is in them', async () => {
  await withServer(
    (request) => request.socket.destroy(),
    async (url) => {
      expect(await fetchPublic(url, GET, loopback())).toMatchObject({
        outcome: 'unreachable',
        why: 'It cut the connection.',
      });
    },
  );
  const away = await fetchPublic('http://hook.example:1/', GET, loopback());
  expect(away).toMatchObject({ outcome: 'unreachable', why: 'Nothing takes connections there.' });
  await withServer(
    (_request, response) => response.writeHead(101, { connection: 'upgrade', upgrade: 'any' }).end(),
    async (url) => {
      expect(await fetchPublic(url, GET, loopback())).toMatchObject({ outcome: 'unreachable' });
    },
  );
});

test('whoever asks can give up', async () => {
  await withServer(
    () => undefined,
    async (url, requests) => {
      const giving = new AbortController();
      const asked = fetchPublic(url, { ...GET, signal: giving.signal }, loopback());
      await until(() => requests.length > 0);
      giving.abort(new Error('The node ends.'));
      await expect(asked).rejects.toThrow('The node ends.');
    },
  );
});
