import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import request from 'supertest';
import type { Cursor } from '../../src/live/log/change';
import { createFindLanguage } from '../../src/web/language';
import { PageCache, type PageCacheResult, type RenderedPage, type Shelf } from '../../src/web/page-cache';
import { until } from '../support/until';

const PATH = '/episodes/latest';

/** A cache whose head and renderings the test decides, and a server that asks it as the site does. */
function startCache(options: { readonly build?: undefined; readonly maxBytes?: number } = {}) {
  const { maxBytes, ...rest } = options;
  const state: { head: Cursor | undefined; requestIds: number } = { head: cursor(1), requestIds: 0 };
  const results: PageCacheResult[] = [];
  const renderings: { readonly url: string; readonly end: (page: RenderedPage | Error) => void }[] = [];
  const pages = new PageCache({
    headOf: (topics) => (topics.includes('latest') ? state.head : cursor(1)),
    build: 'build',
    findLanguage: createFindLanguage(false),
    headers: new Map([['X-Content-Type-Options', 'nosniff']]),
    requestId: () => `id ${++state.requestIds}`,
    observe: (result) => results.push(result),
    ...(maxBytes !== undefined && { maxBytes: { first: maxBytes, further: maxBytes } }),
    ...rest,
  });
  const render = (url: string) =>
    new Promise<RenderedPage>((resolve, reject) => {
      renderings.push({ url, end: (page) => (page instanceof Error ? reject(page) : resolve(page)) });
    });
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    if (pages.serve(request, response)) return;
    const address = { url, topics: [url.startsWith('/series') ? 'series:44' : 'latest'] };
    pages.answer(request, response, address, () => render(url)).catch(() => response.writeHead(500).end());
  });
  servers.push(server.listen(0, '127.0.0.1'));
  return { state, results, renderings, pages, server };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const cursor = (seq: number): Cursor => ({ epoch: 'e', seq });
const page = (seq: number, html = `<p>${seq}`, shelf: Shelf | 'none' = 'first'): RenderedPage => ({
  cursor: cursor(seq),
  html,
  shelf: shelf === 'none' ? undefined : shelf,
});

/** Sends the request now; superagent waits for somebody to be interested. */
const get = (server: Server, path = PATH) =>
  request(server)
    .get(path)
    .then((answer) => answer);

test('a page is rendered once, by whoever asks first', async () => {
  const { server, renderings, results } = startCache();
  const answers = [get(server), get(server), get(server)];
  await until(() => results.length === 3);
  renderings[0]?.end(page(1));
  expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['<p>1', '<p>1', '<p>1']);
  await get(server);
  expect(renderings).toHaveLength(1);
  expect(results).toEqual(['miss', 'joined', 'joined', 'hit']);
});

test('a page is kept for each language, and found by that of the request', async () => {
  const { pages, renderings, results } = startCache();
  const findLanguage = createFindLanguage(false);
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    if (pages.serve(request, response)) return;
    const address = { url, language: findLanguage(request), topics: ['latest'] };
    void pages.answer(request, response, address, async () => page(1, `<p lang=${address.language}>`));
  });
  servers.push(server.listen(0, '127.0.0.1'));
  const ask = (language: string) => request(server).get(PATH).set('Accept-Language', language);
  for (const language of ['ja', 'de', 'ja', 'de']) {
    const { text, headers } = await ask(language);
    expect(text).toBe(`<p lang=${language}>`);
    expect(headers).toMatchObject({
      etag: `W/"e.1-build-${language}"`,
      vary: 'Accept-Language, Cookie, Accept-Encoding',
    });
  }
  expect(results).toEqual(['miss', 'miss', 'hit', 'hit']);
  expect(renderings).toHaveLength(0);
});

test('a change of another list leaves a page as it is', async () => {
  const { server, state, renderings } = startCache();
  const asked = get(server, '/series/frieren');
  await until(() => renderings.length === 1);
  renderings[0]?.end(page(1));
  await asked;
  state.head = cursor(2);
  expect((await get(server, '/series/frieren')).text).toBe('<p>1');
  expect(renderings).toHaveLength(1);
});

test('who comes after a change does not join a rendering from before it', async () => {
  const { server, state, renderings } = startCache();
  const before = get(server);
  await until(() => renderings.length === 1);
  state.head = cursor(2);
  const after = get(server);
  await until(() => renderings.length === 2);

  renderings[1]?.end(page(2));
  expect((await after).text).toBe('<p>2');
  renderings[0]?.end(page(1));
  expect((await before).text).toBe('<p>1');
  // The older rendering ended last, and yet the newer one is kept.
  expect((await get(server)).text).toBe('<p>2');
  expect(renderings).toHaveLength(2);
});

test('a page that the database gave ahead of the node is used when the node has caught up', async () => {
  const { server, state, renderings } = startCache();
  const first = get(server);
  await until(() => renderings.length === 1);
  renderings[0]?.end(page(2));
  expect((await first).headers.etag).toBe('W/"e.2-build"');
  for (const seq of [1, 2]) {
    state.head = cursor(seq);
    expect((await get(server)).text).toBe('<p>2');
  }
  expect(renderings).toHaveLength(1);
});

test('a page of another epoch is not used', async () => {
  const { server, state, renderings } = startCache();
  const first = get(server);
  await until(() => renderings.length === 1);
  renderings[0]?.end(page(5));
  await first;
  const restored = { epoch: 'f', seq: 1 };
  state.head = restored;
  const second = get(server);
  await until(() => renderings.length === 2);
  renderings[1]?.end({ cursor: restored, html: '<p>restored', shelf: 'first' });
  expect((await second).headers.etag).toBe('W/"f.1-build"');
});

test('while the node may have missed a change, each page is read anew', async () => {
  const { server, state, renderings } = startCache();
  for (const [index, head] of [cursor(1), undefined, undefined].entries()) {
    state.head = head;
    const answer = get(server);
    await until(() => renderings.length === index + 1);
    renderings[index]?.end(page(1, `<p>reading ${index}`));
    expect((await answer).text).toBe(`<p>reading ${index}`);
  }
  state.head = cursor(1);
  expect((await get(server)).text).toBe('<p>reading 2');
});

test('what could not be rendered is not kept', async () => {
  const { server, renderings } = startCache();
  const first = get(server);
  await until(() => renderings.length === 1);
  renderings[0]?.end(new Error('The database is away.'));
  expect((await first).status).toBe(500);
  const second = get(server);
  await until(() => renderings.length === 2);
  renderings[1]?.end(page(1));
  expect((await second).status).toBe(200);
});

describe('keeps as many bytes as it may', () => {
  /** Asks for a page of 10,000 bytes, and gives what the cache had to do. */
  const visitor =
    ({ server, renderings, results }: ReturnType<typeof startCache>) =>
    async (
      path: string,
      shelf: Shelf | 'none' = 'first',
      accepted = '',
    ): Promise<PageCacheResult | undefined> => {
      const rendered = renderings.length;
      const answer = request(server).get(path).set('Accept-Encoding', accepted).then();
      await until(() => results.at(-1) === 'hit' || renderings.length > rendered);
      renderings[rendered]?.end(page(1, randomText(10_000), shelf));
      await answer;
      return results.pop();
    };
  /** Which no encoding makes much smaller. */
  const randomText = (length: number) => randomBytes(length / 2).toString('hex');

  test('of the pages that were used last', async () => {
    const visit = visitor(startCache({ maxBytes: 25_000 }));
    expect(await visit('/1')).toBe('miss');
    expect(await visit('/2')).toBe('miss');
    expect(await visit('/1')).toBe('hit');
    expect(await visit('/3')).toBe('miss');
    expect(await visit('/1')).toBe('hit');
    expect(await visit('/2')).toBe('miss');
  });

  test('and what they are encoded to counts as well', async () => {
    const visit = visitor(startCache({ maxBytes: 25_000 }));
    await visit('/1');
    await visit('/2', 'first', 'gzip');
    await visit('/2', 'first', 'br');
    expect(await visit('/2')).toBe('hit');
    expect(await visit('/1')).toBe('miss');
  });

  test('and says how many it holds', async () => {
    const cache = startCache({ maxBytes: 25_000 });
    const visit = visitor(cache);
    await visit('/1');
    const one = cache.pages.heldBytes;
    expect(one).toBeGreaterThan(10_000);
    await visit('/1', 'first', 'br');
    expect(cache.pages.heldBytes).toBeGreaterThan(one + 1_000);
    for (let index = 0; index < 20; index++) await visit(`/${index}`, index % 2 ? 'first' : 'further', 'br');
    expect(cache.pages.heldBytes).toBeLessThanOrEqual(50_000);
  });

  test('and further pages push out no first one', async () => {
    const visit = visitor(startCache({ maxBytes: 25_000 }));
    await visit('/1');
    for (let before = 0; before < 10; before++) await visit(`/1?before=${before}`, 'further');
    expect(await visit('/1')).toBe('hit');
    expect(await visit('/1?before=9', 'further')).toBe('hit');
    expect(await visit('/1?before=1', 'further')).toBe('miss');
  });

  test('and nothing that shows nothing', async () => {
    const visit = visitor(startCache());
    await visit('/1', 'none');
    expect(await visit('/1')).toBe('miss');
  });
});

test('keeps nothing, and promises nothing, while the views change', async () => {
  const { server, renderings } = startCache({ build: undefined });
  for (const seq of [1, 2]) {
    const answer = get(server);
    await until(() => renderings.length === seq);
    renderings[seq - 1]?.end(page(seq));
    expect((await answer).text).toBe(`<p>${seq}`);
    expect((await answer).headers.etag).toBeUndefined();
  }
});

describe('a page that is kept', () => {
  let cache: ReturnType<typeof startCache>;
  const html = `<p>${'葬送のフリーレン '.repeat(100)}`;
  beforeEach(async () => {
    cache = startCache();
    const first = get(cache.server);
    await until(() => cache.renderings.length === 1);
    cache.renderings[0]?.end(page(1, html));
    await first;
  });

  test.each([
    ['identity', undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['GZIP, deflate', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0.1, gzip;q=0.9', 'gzip'],
    ['*', 'br'],
    ['identity;q=0, zstd', undefined],
    ['nonsense;;q=x,,', undefined],
  ])('is encoded for Accept-Encoding: %j', async (accepted, encoding) => {
    // The second time it is ready.
    for (const _ of ['first', 'second']) {
      const { text, headers } = await request(cache.server).get(PATH).set('Accept-Encoding', accepted);
      expect(text).toBe(html);
      expect(headers).toMatchObject({
        vary: 'Accept-Encoding',
        'content-type': 'text/html; charset=utf-8',
        'x-content-type-options': 'nosniff',
      });
      expect(headers['content-encoding']).toBe(encoding);
    }
  });

  test.each(['W/"e.1-build"', '"e.1-build"', '"x", W/"e.1-build" , "y"', '*'])(
    'is not sent again to who has it: If-None-Match: %s',
    async (etags) => {
      const { status, headers, text } = await request(cache.server).get(PATH).set('If-None-Match', etags);
      expect([status, text]).toEqual([304, '']);
      expect(headers).toMatchObject({
        etag: 'W/"e.1-build"',
        vary: 'Accept-Encoding',
        'cache-control': 'no-cache',
      });
      expect(headers).not.toHaveProperty('content-encoding');
    },
  );

  test('is sent to who has another one, or wants it anew', async () => {
    const ask = () => request(cache.server).get(PATH);
    await ask().set('If-None-Match', 'W/"e.0-build", e.1-build').expect(200);
    await ask().set('If-None-Match', 'W/"e.1-build"').set('Cache-Control', 'no-cache').expect(200);
    await ask().set('If-Modified-Since', new Date().toUTCString()).expect(200);
  });

  test('answers HEAD with the headers alone', async () => {
    const { headers } = await request(cache.server).get(PATH).set('Accept-Encoding', 'gzip');
    const head = await request(cache.server).head(PATH).set('Accept-Encoding', 'gzip').expect(200);
    expect(head.text).toBeUndefined();
    for (const name of ['content-length', 'content-encoding', 'etag', 'vary'])
      expect(head.headers[name]).toBe(headers[name]);
  });

  test.each(['gzip', 'br', 'identity'])(
    'says what was written to who wants to compare it, in %s',
    async (accepted) => {
      const ask = () => request(cache.server).get(PATH).set('Accept-Encoding', accepted);
      const { headers } = await ask().set('Want-Unencoded-Digest', 'sha-256=10');
      const digest = createHash('sha256').update(html).digest('base64');
      expect(headers['unencoded-digest']).toBe(`sha-256=:${digest}:`);
      expect((await ask()).headers).not.toHaveProperty('unencoded-digest');
    },
  );

  test('gives each answer an id of its own', async () => {
    const ids = [await get(cache.server), await get(cache.server)].map(
      ({ headers }) => headers['x-request-id'],
    );
    expect(new Set(ids).size).toBe(2);
  });

  test('is forgotten when the numbers mean something else', async () => {
    cache.pages.clear();
    const answer = get(cache.server);
    await until(() => cache.renderings.length === 2);
    cache.renderings[1]?.end(page(1, 'other'));
    expect((await answer).text).toBe('other');
  });
});
