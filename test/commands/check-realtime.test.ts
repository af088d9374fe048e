import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { constants, createBrotliCompress } from 'node:zlib';
import type { CheckResult } from '../../src/commands/stream/checks/check-result';
import { resultLine } from '../../src/commands/stream/checks/check-result';
import { checkRealtime, type RealtimeCheckOptions } from '../../src/commands/stream/checks/run-checks';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { createTestApp, type TestApp } from '../support/app';
import { freePort } from '../support/redis';
import { listen } from '../support/stream-client';

type Listening = Awaited<ReturnType<typeof listen>>;

let app: TestApp;
let site: Listening;
beforeAll(async () => {
  app = await createTestApp({ SSE_HEARTBEAT_MS: '1000' });
  site = await listen(app);
});
afterAll(async () => {
  await site.close();
  await app.close();
});

async function check(url: string, options: Partial<RealtimeCheckOptions> = {}) {
  const results: CheckResult[] = [];
  for await (const result of checkRealtime({
    url,
    timeoutMs: 5_000,
    heartbeat: false,
    heldMs: 1_500,
    ...options,
  }))
    results.push(result);
  const lines = results.map(resultLine);
  return { lines, failures: lines.filter((line) => line.startsWith('✗')) };
}

/** A proxy in front of the site that does something wrong; its answer to the stream goes through `spoil`. */
function proxy(wrong: {
  readonly headers?: (headers: IncomingHttpHeaders) => IncomingHttpHeaders;
  /** In place of every page. */
  readonly page?: string;
  readonly spoil?: (answer: IncomingMessage, response: ServerResponse, asked: IncomingMessage) => void;
}): Promise<Listening> {
  return listen((asked, response) => {
    if (wrong.page && !asked.url?.startsWith('/events')) return response.end(wrong.page);
    const headers = wrong.headers?.(asked.headers) ?? asked.headers;
    const passedOn = request(new URL(asked.url ?? '/', site.url), { method: asked.method ?? 'GET', headers });
    asked.pipe(passedOn);
    passedOn.on('error', () => response.destroy());
    response.on('close', () => passedOn.destroy());
    passedOn.on('response', (answer) => {
      answer.on('error', () => response.destroy());
      if (wrong.spoil && asked.url?.startsWith('/events')) return wrong.spoil(answer, response, asked);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
  });
}

async function checkThrough(wrong: Parameters<typeof proxy>[0], options: Partial<RealtimeCheckOptions> = {}) {
  const server = await proxy(wrong);
  try {
    return await check(server.url, options);
  } finally {
    await server.close();
  }
}

describe('the check of a site that is all right', () => {
  test('passes everything, and leaves no episode behind', async () => {
    const token = await createApiToken(app.database.db, 'check');
    for (const heartbeat of [true, false]) {
      const { lines } = await check(site.url, { token, heartbeat });
      expect(lines).toEqual([
        expect.stringMatching(/^✓ the page is there, with 0 episodes, at \w+\.\d+$/),
        '✓ pages come as the site wrote them',
        `✓ the site knows that it is at ${site.url}`,
        '✓ /events answers 200 with text/event-stream; charset=utf-8',
        '✓ the site is asked with HTTP/1.1',
        '✓ Cache-Control: no-store, no-transform',
        '✓ X-Accel-Buffering: no',
        '✓ the stream is compressed (gzip)',
        expect.stringMatching(/^✓ first byte after \d+ ms$/),
        expect.stringMatching(/^✓ retry: \d{4} ms$/),
        expect.stringMatching(/^✓ hello after \d+ ms$/),
        '✓ every stream comes from the site, and from no cache',
        '✓ resumes by ?cursor= of the page',
        '✓ resumes by Last-Event-ID, which goes before ?cursor=',
        '✓ an unknown id is answered by reset (epoch)',
        '✓ POST /events answers 405',
        '– there was no event to look at whether it comes as the site wrote it',
        heartbeat
          ? expect.stringMatching(/^✓ heartbeat after (\d+ ms|1\.\d s) \(ping\)$/)
          : '– the heartbeat was not waited for (--no-heartbeat)',
        expect.stringMatching(
          /^✓ an episode was on the stream \d+ ms after it was posted, and gone \d+ ms after it was deleted$/,
        ),
        ...(heartbeat ? ['✓ the stream stays open (1.5 s)'] : []),
      ]);
    }
    expect(await app.database.db('series').pluck('slug')).toEqual(['nipnime-check']);
    expect(await app.database.db('episodes').whereNull('deleted_at')).toEqual([]);
  });

  test('leaves out what it is not to do', async () => {
    const { lines, failures } = await check(site.url);
    expect(failures).toEqual([]);
    expect(lines.slice(-2)).toEqual([
      '– the heartbeat was not waited for (--no-heartbeat)',
      '– nothing was posted, for lack of a --token',
    ]);
  });

  test('says which token is refused', async () => {
    const { failures } = await check(site.url, { token: 'nipnime_nobody' });
    expect(failures).toEqual([
      expect.stringMatching(/^✗ the API .*The token is not known.*: make a token with npm run token:create$/),
    ]);
  });
});

describe('the check names', () => {
  test('a proxy that holds the stream back for good', async () => {
    const { failures, lines } = await checkThrough(
      {
        spoil: (answer, response) => {
          response.writeHead(200, answer.headers).flushHeaders();
          answer.resume();
        },
      },
      { timeoutMs: 1_500 },
    );
    expect(failures).toEqual([
      '✗ the stream is held back (no byte within 1.5 s): switch off response buffering for /events',
    ]);
    expect(lines.at(-1)).toBe('– what is on the stream could not be looked at');
  });

  test('a proxy that does not even pass on the headers', async () => {
    const { failures } = await checkThrough({ spoil: (answer) => answer.resume() }, { timeoutMs: 1_500 });
    expect(failures).toEqual([
      expect.stringMatching(
        /^✗ the stream is held back \(not even its headers within 1.5 s\): switch off response/,
      ),
    ]);
  });

  test('a proxy that gathers bytes for a while', async () => {
    const { failures } = await checkThrough({
      spoil: (answer, response) => {
        response.writeHead(200, answer.headers).flushHeaders();
        setTimeout(() => answer.pipe(response), 1_100).unref();
      },
    });
    expect(failures).toEqual([
      expect.stringMatching(
        /^✗ the stream is held back \(first byte only after 1\.\d s\): switch off response/,
      ),
    ]);
  });

  test('a proxy that passes on the beginning, and holds back what follows', async () => {
    let isPosted = false;
    const { failures } = await checkThrough(
      {
        // What has a body is what is posted: the greeting is over by then.
        headers: (headers) => {
          isPosted ||= headers['content-type'] !== undefined;
          return headers;
        },
        spoil: (answer, response) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
          answer.on('data', (chunk: Buffer) => {
            if (!isPosted) response.write(chunk);
          });
          answer.on('end', () => response.end());
        },
      },
      { token: await createApiToken(app.database.db, 'held back'), timeoutMs: 300 },
    );
    expect(failures).toEqual([
      expect.stringMatching(/^✗ an episode was posted, but was not on the stream within 300 ms: /),
    ]);
    expect(await app.database.db('episodes').whereNull('deleted_at')).toEqual([]);
  });

  test('a proxy that compresses the stream in its own way', async () => {
    const { failures } = await checkThrough({
      headers: (headers) => ({ ...headers, 'accept-encoding': 'identity' }),
      spoil: (answer, response) => {
        response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-encoding': 'br' });
        const flush = constants.BROTLI_OPERATION_FLUSH;
        answer.pipe(createBrotliCompress({ flush })).pipe(response);
      },
    });
    expect(failures).toEqual([
      '✗ the stream is compressed by something else than the site (Content-Encoding: br), which may hold events back: switch off compression for /events; the site compresses by itself',
    ]);
  });

  test('nothing where a proxy wants the stream uncompressed', async () => {
    const { failures, lines } = await checkThrough({
      headers: (headers) => ({ ...headers, 'accept-encoding': 'identity' }),
    });
    expect(failures).toEqual([]);
    expect(lines).toContain('✓ the stream is not compressed');
  });

  test('a proxy that takes headers away, but not nginx for taking its own', async () => {
    const { failures, lines } = await checkThrough({
      spoil: (answer, response) => {
        const { 'cache-control': _, 'x-accel-buffering': __, ...rest } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, rest);
        answer.pipe(response);
      },
    });
    expect(failures).toEqual([
      expect.stringMatching(
        /^✗ Cache-Control lacks no-store and no-transform \(it is ""\): let the proxy pass on/,
      ),
    ]);
    expect(lines).toContain('✓ X-Accel-Buffering was taken by a proxy (nginx does that), or removed');
  });

  test('a proxy that swallows Last-Event-ID', async () => {
    const { failures } = await checkThrough({ headers: ({ 'last-event-id': _, ...rest }) => rest });
    expect(failures).toEqual([
      '✗ Last-Event-ID does not reach the site: let the proxy pass on the request header Last-Event-ID',
    ]);
  });

  test('a cache that gives an old page', async () => {
    const { failures } = await checkThrough({
      page: '<div data-live-list data-topic="latest" data-cursor="old.7"><ol data-live-items></ol></div>',
    });
    expect(failures).toEqual([
      expect.stringMatching(/^✗ the stream can't go on from the page \(reset: epoch\): let no cache keep/),
    ]);
  });

  test('a proxy that cuts a stream before its heartbeat', async () => {
    const { failures } = await checkThrough(
      {
        // Readable, so that the heartbeat itself is what is not let through: a first one may come at once.
        headers: (headers) => ({ ...headers, 'accept-encoding': 'identity' }),
        spoil: (answer, response) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
          answer.on('data', (chunk: Buffer) => {
            if (chunk.includes('event: ping')) response.end();
            else response.write(chunk);
          });
          answer.on('end', () => response.end());
        },
      },
      { heartbeat: true },
    );
    expect(failures).toEqual([
      expect.stringMatching(/^✗ the connection ended after \d+ ms: let the proxy keep idle streams longer/),
    ]);
  });

  test('a proxy that asks for the site by a name of its own', async () => {
    const { failures } = await checkThrough({
      headers: (headers) => ({ ...headers, host: 'backend.internal:3000' }),
    });
    expect(failures).toEqual([
      expect.stringMatching(
        /^✗ the site takes itself to be at http:\/\/backend\.internal:3000: let the proxy pass on/,
      ),
    ]);
  });

  test('a proxy that cuts every stream after a time, though a heartbeat came before', async () => {
    const { failures, lines } = await checkThrough(
      {
        headers: (headers) => ({ ...headers, 'accept-encoding': 'identity' }),
        spoil: (answer, response) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
          answer.on('data', (chunk: Buffer) => {
            response.write(chunk);
            if (chunk.includes('event: ping')) setTimeout(() => response.end(), 100);
          });
          answer.on('end', () => response.end());
        },
      },
      { heartbeat: true, heldMs: 20_000 },
    );
    expect(lines).toContainEqual(expect.stringMatching(/^✓ heartbeat after/));
    expect(failures).toEqual([
      expect.stringMatching(/^✗ the connection ended after [\d.]+ m?s: let the proxy put no limit on/),
    ]);
  });

  test('a site that takes no more streams', async () => {
    const full = await createTestApp({ SSE_MAX_CONNECTIONS: '1' });
    const listening = await listen(full);
    const first = await fetch(`${listening.url}/events`);
    const { failures } = await check(listening.url);
    await first.body?.cancel();
    await listening.close();
    await full.close();
    expect(failures).toEqual([
      expect.stringMatching(/^✗ the site takes no more streams \(bye: busy\): raise SSE_MAX_CONNECTIONS/),
    ]);
  });

  test('a site that is another one', async () => {
    const other = await listen((_, response) => response.writeHead(404).end());
    const { lines } = await check(other.url);
    await other.close();
    expect(lines).toEqual([
      '✗ /episodes/latest/grid answers 404: give the address of a nipnime site, and let its proxy pass on every path',
      '– the stream was not looked at',
    ]);
  });

  test('a proxy that does not know the stream', async () => {
    const { failures } = await checkThrough({ spoil: (_, response) => response.writeHead(404).end() });
    expect(failures).toEqual([
      '✗ /events answers 404: let the proxy pass /events on to the site; a browser gives up after anything but 200',
    ]);
  });

  test('an address that leads elsewhere', async () => {
    const other = await listen((_, response) => response.writeHead(301, { Location: site.url }).end());
    const { lines } = await check(other.url);
    await other.close();
    expect(lines[0]).toBe(`✗ ${other.url} redirects to ${site.url}: check ${site.url} instead`);
  });

  test('a site that is not there', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect((await check(url)).lines[0]).toBe(
      `✗ nothing answers at ${url} (ECONNREFUSED): start the site, or look at the address, the firewall and the certificate`,
    );
  });
});
