import { deleteEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { formatCursor, parseCursor } from '../../../src/live/log/change';
import { readHead } from '../../../src/live/log/live-log';
import { createTestApp, type TestApp } from '../../support/app';
import { episodeInput, newEpisode, newSeries, tester } from '../../support/catalog';
import { listen, openStream, type StreamClient } from '../../support/stream-client';

let app: TestApp;
let server: { readonly url: string; close(): Promise<void> };
const clients: StreamClient[] = [];

beforeAll(async () => {
  app = await createTestApp({ SSE_MAX_CONNECTIONS_PER_IP: '4' });
  server = await listen(app);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.close();
  await app.close();
});

async function connect(cursor?: string, headers: Record<string, string> = {}): Promise<StreamClient> {
  const client = await openStream(
    `${server.url}/events${cursor === undefined ? '' : `?cursor=${cursor}`}`,
    headers,
  );
  clients.push(client);
  return client;
}

const head = async (): Promise<string> => formatCursor(await readHead(app.database.db));

/** The node knows all that was written: what follows is a replay, not live. */
const settled = (): Promise<void> => app.feed.catchUp();

async function postedEpisode(title: string) {
  const series = await newSeries(app.catalog, { title });
  return newEpisode(app.catalog, series.id);
}

test('answers with the headers that keep proxies from holding the stream back', async () => {
  const client = await connect();
  expect(Object.fromEntries(client.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  const hello = await client.next('hello');
  expect(hello).toMatchObject({ id: await head(), data: { resume: 'fresh', heartbeatMs: 15_000 } });
  expect(client.retryMs()).toBeGreaterThanOrEqual(2_000);
  expect(client.retryMs()).toBeLessThanOrEqual(8_000);
  expect(hello.data.ttlMs).toBeGreaterThanOrEqual(0.8 * 1_800_000);
  expect(hello.data.ttlMs).toBeLessThanOrEqual(1_800_000);
});

test('refuses other methods', async () => {
  const response = await fetch(`${server.url}/events`, { method: 'POST' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET');
});

test('sends a posted, an edited and a deleted episode to every client, with the same bytes', async () => {
  const [a, b] = [await connect(), await connect()];
  await Promise.all([a.next('hello'), b.next('hello')]);
  const episode = await postedEpisode('Sent to <all>');
  const [atA, atB] = [await a.next('upsert'), await b.next('upsert')];
  expect(atA).toEqual(atB);
  expect(atA).toMatchObject({
    id: await head(),
    data: {
      topic: 'latest',
      key: episode.id,
      isNew: true,
      position: `${episode.publishedAt?.getTime()}-${episode.id}`,
      tag: expect.stringMatching(/^[0-9a-f]{13}$/),
    },
  });
  expect(atA.data.html).toContain('Sent to &lt;all&gt;');
  expect(atA.data.rev).toBe(parseCursor(atA.id ?? '')?.seq);

  await updateEpisode(app.catalog, tester, episode.id, () => episodeInput({ title: 'Edited' }));
  expect(await a.next('upsert')).toMatchObject({ data: { key: episode.id, isNew: false } });
  await deleteEpisode(app.catalog, tester, episode.id);
  expect(await a.next('remove')).toMatchObject({ data: { key: episode.id } });
});

test('a client that comes back is told what it missed, once per episode, in order', async () => {
  const cursor = await head();
  const changed = await postedEpisode('Changed twice');
  await postedEpisode('Posted');
  await updateEpisode(app.catalog, tester, changed.id, () => episodeInput({ title: 'Edited' }));

  await settled();
  const client = await connect('ignored.1', { 'Last-Event-ID': cursor });
  expect(await client.next('hello')).toMatchObject({ id: cursor, data: { resume: 'ok' } });
  const first = await client.next('upsert');
  const second = await client.next('upsert');
  expect(first.data.html).toContain('Posted');
  expect(second).toMatchObject({ id: await head(), data: { key: changed.id, isNew: true } });
  expect(client.events.filter(({ type }) => type === 'upsert')).toHaveLength(2);
});

test('a replay does not bring back what was hidden since, even if this node has not heard of it yet', async () => {
  const cursor = await head();
  const episode = await postedEpisode('Hidden since');
  const live = await connect(cursor);
  await live.next('upsert');
  // Behind the back of the change log: as if the event were still on its way.
  await app.database.db('episodes').where({ id: episode.id }).update({ status: 'hidden' });

  const client = await connect(cursor);
  expect(await client.next('remove')).toMatchObject({ data: { key: episode.id } });
  expect(client.events.map(({ type }) => type)).toEqual(['hello', 'remove']);
});

test.each([
  ['malformed', () => 'not a cursor'],
  ['malformed', () => `${'x'.repeat(70)}.1`],
  ['epoch', () => 'other.1'],
  ['ahead', async () => (await head()).replace(/\d+$/, '99999999')],
])('answers a cursor that can not be resumed with reset: %s', async (reason, cursor) => {
  const client = await connect(encodeURIComponent(await cursor()));
  const hello = await client.next('hello');
  expect(hello).toMatchObject({ id: undefined, data: { resume: 'reset' } });
  expect(await client.next('reset')).toMatchObject({
    id: await head(),
    data: { topics: ['latest'], reason, spreadMs: 8_000 },
  });
});

test('answers a client that missed too much with reset', async () => {
  const cursor = await head();
  const series = await newSeries(app.catalog, { title: 'Too much' });
  for (let number = 1; number <= 101; number++) await newEpisode(app.catalog, series.id, { number });
  await settled();
  const client = await connect(cursor);
  expect(await client.next('reset')).toMatchObject({ data: { reason: 'gap' } });
});

test('one address has a limited number of streams; a further one is told to come back later', async () => {
  const open = await Promise.all([connect(), connect(), connect(), connect()]);
  await Promise.all(open.map((client) => client.next('hello')));
  const refused = await connect();
  const bye = await refused.next('bye');
  expect(bye.data.reason).toBe('busy');
  expect(refused.retryMs()).toBe(bye.data.retryMs);
  expect(refused.retryMs()).toBeGreaterThanOrEqual(20_000);
  await refused.ended;
});
