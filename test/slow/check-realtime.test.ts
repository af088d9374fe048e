import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { createGzip } from 'node:zlib';
import { proxyLines, resultLine } from '../../src/commands/stream/checks/check-result';
import { checkRealtime } from '../../src/commands/stream/checks/run-checks';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { createTestApp, type TestApp } from '../support/app';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { listen } from '../support/stream-client';

/** What a proxy does to one request. */
type Exchange = {
  readonly asked: IncomingMessage;
  readonly response: ServerResponse;
  readonly isStream: boolean;
  /** Asks the site, by default for what it was asked for. */
  readonly ask: (
    onAnswer: (answer: IncomingMessage) => void,
    changed?: { readonly path?: string; readonly headers?: IncomingHttpHeaders },
  ) => void;
  readonly passOn: (answer: IncomingMessage, changed?: IncomingHttpHeaders) => void;
};
type Behaviour = (exchange: Exchange) => void;

const right: Behaviour = ({ ask, passOn }) => ask((answer) => passOn(answer));

/** For the stream alone; everything else is passed on. */
const onStream =
  (behaviour: Behaviour): Behaviour =>
  (exchange) =>
    (exchange.isStream ? behaviour : right)(exchange);

const cutAfter = (ms: number): Behaviour =>
  onStream(({ ask, passOn, response }) => {
    const timer = setTimeout(() => response.destroy(), ms);
    response.on('close', () => clearTimeout(timer));
    ask((answer) => passOn(answer));
  });

/** Uncompressed, and with every mention of the series called by another name, as what "corrects" links and addresses does. */
const rewriting: (wanted: (type: string) => boolean, from: string, to: string) => Behaviour =
  (wanted, from, to) =>
  ({ asked, ask, passOn, response }) =>
    ask(
      (answer) => {
        if (!wanted(answer.headers['content-type'] ?? '')) return passOn(answer);
        const { 'content-length': _, ...headers } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, headers).flushHeaders();
        answer.setEncoding('utf8');
        answer.on('data', (text: string) => response.write(text.replaceAll(from, to)));
        answer.on('end', () => response.end());
      },
      { headers: { ...asked.headers, 'accept-encoding': 'identity' } },
    );

/** Keeps the beginning of each stream by its address, and answers with that from then on. */
function cache(): Behaviour {
  const kept = new Map<string, { readonly headers: IncomingHttpHeaders; readonly chunks: Buffer[] }>();
  return onStream(({ asked, ask, passOn, response }) => {
    const known = asked.method === 'GET' ? kept.get(asked.url ?? '') : undefined;
    if (known) {
      response.writeHead(200, known.headers);
      for (const chunk of known.chunks) response.write(chunk);
      return;
    }
    ask((answer) => {
      const chunks: Buffer[] = [];
      if (answer.statusCode === 200) kept.set(asked.url ?? '', { headers: answer.headers, chunks });
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      passOn(answer);
    });
  });
}

/** What is planted, and what alone is to be said of it; last what the check has to wait for. */
const MISTAKES: Readonly<Record<string, readonly [Behaviour, RegExp]>> = {
  'gzip that fills its block before it sends it': [
    onStream(({ asked, ask, response }) =>
      ask(
        (answer) => {
          response.writeHead(200, { ...answer.headers, 'content-encoding': 'gzip' }).flushHeaders();
          answer.pipe(createGzip()).pipe(response);
        },
        { headers: { ...asked.headers, 'accept-encoding': 'identity' } },
      ),
    ),
    /^✗ the stream is compressed by something else than the site \(Content-Encoding: gzip\)/,
  ],
  'a cut after 5 s': [
    cutAfter(5_000),
    // With or without a heartbeat before: the first one may come at once.
    /^✗ the connection ended after (\d|1\d)\.\d s: let the proxy (keep idle streams longer than a heartbeat, and )?put no limit on/,
  ],
  'a cut after 30 s': [
    cutAfter(30_000),
    /^✗ the connection ended after 3\d\.\d s: let the proxy put no limit on how long an answer takes/,
  ],
  'a cache of /events': [
    cache(),
    /^✗ a cache has answered: while the first is open, a second stream is a copy/,
  ],
  'a header taken from the answer': [
    onStream(({ ask, passOn }) => ask((answer) => passOn(answer, { 'cache-control': undefined }))),
    /^✗ Cache-Control lacks no-store and no-transform \(it is ""\): let the proxy pass on the header/,
  ],
  'a header taken from the request': [
    onStream(({ asked, ask, passOn }) => {
      const { 'last-event-id': _, ...headers } = asked.headers;
      ask((answer) => passOn(answer), { headers });
    }),
    /^✗ Last-Event-ID does not reach the site: let the proxy pass on the request header Last-Event-ID$/,
  ],
  'a lost query': [
    ({ asked, ask, passOn }) =>
      ask((answer) => passOn(answer), { path: asked.url?.replace(/\?.*$/, '') ?? '/' }),
    /^✗ \?cursor= does not reach the site: let the proxy pass on the query of \/events$/,
  ],
  'a wrong Host': [
    ({ asked, ask, passOn }) =>
      ask((answer) => passOn(answer), { headers: { ...asked.headers, host: 'backend.internal:3000' } }),
    /^✗ the site takes itself to be at http:\/\/backend\.internal:3000: let the proxy pass on which address was asked for/,
  ],
  'a redirect': [
    onStream(({ response }) => response.writeHead(301, { Location: '/events/' }).end()),
    /^✗ \/events is redirected to \/events\/ \(301\): let the proxy pass \/events on to the site/,
  ],
  'a 503 of a firewall': [
    onStream(({ response }) => response.writeHead(503).end('Request blocked')),
    /^✗ \/events answers 503, which is not the site's own answer: something in front of it refuses the stream/,
  ],
  'a 503 of a firewall for every address': [
    ({ response }) => response.writeHead(503).end('Request blocked'),
    /^✗ \/episodes\/latest\/grid answers 503, and not from the site: something in front of it does: let it pass requests on/,
  ],
  'rewritten events': [
    rewriting((type) => type.startsWith('text/event-stream'), 'Sousou', 'Fellow'),
    /^✗ events are not as the site wrote them: that of \d+ \(.*Fellow.*\) was changed on the way: let nothing/,
  ],
  'rewritten pages and events': [
    rewriting((type) => type.startsWith('text/'), 'Sousou', 'Fellow'),
    /^✗ \/episodes\/latest is not as the site wrote it: \d+ \(.*Fellow.*\) was changed on the way: let nothing/,
  ],
  'a script put into pages': [
    rewriting((type) => type.startsWith('text/html'), '</body>', '<script src="/ad.js"></script></body>'),
    /^✗ \/episodes\/latest is not as the site wrote it: something was changed on the way: let nothing/,
  ],
  buffering: [
    onStream(({ ask, response }) =>
      ask((answer) => {
        response.writeHead(200, answer.headers).flushHeaders();
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => response.end(Buffer.concat(chunks)));
      }),
    ),
    /^✗ the stream is held back \(no byte within 10\.0 s\): switch off response buffering for \/events$/,
  ],
  'gzip that holds back the headers, too': [
    onStream(({ asked, ask, passOn, response }) => {
      if (asked.headers['accept-encoding'] === 'identity') return ask((answer) => passOn(answer));
      ask(
        (answer) => {
          const chunks: Buffer[] = [];
          const gzip = answer.pipe(createGzip());
          gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
          gzip.on('end', () => response.end(Buffer.concat(chunks)));
        },
        { headers: { ...asked.headers, 'accept-encoding': 'identity' } },
      );
    }),
    /^✗ the stream is held back by something that compresses it \(not even its headers within 10\.0 s\): switch off compression/,
  ],
};
/** Planted by a proxy that works on bytes: Node's client speaks nothing older. */
const OLD_HTTP =
  /^✗ the site is asked with HTTP\/1\.0, which knows no chunks: .*: let the proxy ask the site with HTTP\/1\.1$/;

async function proxy(siteUrl: string, behaviour: Behaviour) {
  return listen((asked, response) => {
    const exchange: Exchange = {
      asked,
      response,
      isStream: asked.url?.startsWith('/events') === true,
      ask: (onAnswer, { path = asked.url ?? '/', headers = asked.headers } = {}) => {
        const passedOn = request(new URL(path, siteUrl), { method: asked.method ?? 'GET', headers });
        asked.pipe(passedOn);
        passedOn.on('error', () => response.destroy());
        response.on('close', () => passedOn.destroy());
        passedOn.on('response', (answer) => {
          answer.on('error', () => response.destroy());
          onAnswer(answer);
        });
      },
      passOn: (answer, changed = {}) => {
        const headers = Object.entries({ ...answer.headers, ...changed }).filter(
          (entry): entry is [string, string | string[]] => entry[1] !== undefined,
        );
        response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers)).flushHeaders();
        answer.pipe(response);
      },
    };
    behaviour(exchange);
  });
}

async function oldHttpProxy(sitePort: number) {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client.once('close', () => clients.delete(client)));
    const site = connect(sitePort, '127.0.0.1');
    client.on('data', (bytes) =>
      site.write(bytes.toString('latin1').replace(' HTTP/1.1\r\n', ' HTTP/1.0\r\n'), 'latin1'),
    );
    site.pipe(client);
    for (const [one, other] of [
      [client, site],
      [site, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The proxy has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}

type Checked = { readonly lines: readonly string[]; readonly failures: readonly string[] };

type CheckOptions = {
  readonly token?: string;
  /** Called when the greeting is over, or all of it. */
  readonly onGreeted: () => void;
};

/** As the command does it, with its own times. */
async function check(url: string, { token, onGreeted }: CheckOptions): Promise<Checked> {
  const lines: string[] = [];
  const options = { url, timeoutMs: 10_000, heartbeat: true, ...(token !== undefined && { token }) };
  for await (const result of checkRealtime(options)) {
    lines.push(resultLine(result), ...proxyLines(result));
    if (lines.at(-1)?.startsWith('✓ POST /events')) onGreeted();
  }
  onGreeted();
  return { lines, failures: lines.filter((line) => line.startsWith('✗')) };
}

describe('check:realtime, of a site behind a proxy,', () => {
  let app: TestApp;
  const found = new Map<string, Checked>();
  beforeAll(async () => {
    app = await createTestApp({ SSE_MAX_CONNECTIONS_PER_IP: '1000' });
    const catalog = testCatalog(app.database.db);
    const series = await newSeries(catalog, { title: 'Sousou no Frieren' });
    for (const number of ['1', '2', '3']) await newEpisode(catalog, series.id, { number });
    const site = await listen(app);
    const checks: Promise<void>[] = [];
    // A stream that becomes old is waited for by all at once; what has to come at once is asked for by one after the other.
    const begin = async (
      name: string,
      behind: ReturnType<typeof proxy | typeof oldHttpProxy>,
      token?: string,
    ) => {
      const server = await behind;
      await new Promise<void>((onGreeted) => {
        const checkBehind = async (): Promise<void> => {
          found.set(name, await check(server.url, { onGreeted, ...(token !== undefined && { token }) }));
          await server.close();
        };
        // One that throws has no result, and its test says so.
        checks.push(checkBehind().finally(onGreeted));
      });
    };
    await begin('nothing', proxy(site.url, right), await createApiToken(app.database.db, 'check'));
    await begin('HTTP/1.0', oldHttpProxy(site.port));
    for (const [name, [behaviour]] of Object.entries(MISTAKES)) await begin(name, proxy(site.url, behaviour));
    await Promise.all(checks);
    await site.close();
  }, 150_000);
  afterAll(() => app.close());

  test('passes one that does everything right', () => {
    const { lines, failures } = found.get('nothing') ?? { lines: [], failures: ['not checked'] };
    expect(failures).toEqual([]);
    expect(lines.every((line) => line.startsWith('✓'))).toBe(true);
    expect(lines).toContain('✓ the site is asked with HTTP/1.1');
    expect(lines).toContain('✓ pages come as the site wrote them');
    expect(lines).toContain('✓ events come as the site wrote them (3 of the latest)');
    expect(lines).toContain('✓ every stream comes from the site, and from no cache');
    expect(lines).toContain('✓ the stream stays open (35.0 s)');
  });

  test.each([
    ['HTTP/1.0', OLD_HTTP] as const,
    ...Object.entries(MISTAKES).map(([name, [, said]]) => [name, said] as const),
  ])('names %s, nothing else, and the line of each proxy', (name, said) => {
    const { lines, failures } = found.get(name) ?? { lines: [], failures: [] };
    expect(failures).toEqual([expect.stringMatching(said)]);
    const at = lines.indexOf(failures[0] ?? '');
    expect(lines.slice(at + 1, at + 5)).toEqual(
      ['nginx', 'Caddy', 'HAProxy', 'Traefik'].map((each) =>
        expect.stringMatching(new RegExp(`^    ${each} +\\S.*`)),
      ),
    );
    expect(lines.filter((line) => line.startsWith('    '))).toHaveLength(4);
  });
});
