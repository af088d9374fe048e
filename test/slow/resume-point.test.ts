import { EventSourcePolyfill } from 'event-source-polyfill';
import { EventSource } from 'eventsource';
import { formatCursor } from '../../src/live/log/change';
import { readHead } from '../../src/live/log/live-log';
import { createTestApp, type TestApp } from '../support/app';
import { newEpisode, newSeries } from '../support/catalog';
import { listen, openStream, type StreamClient } from '../support/stream-client';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

let app: TestApp;
let server: Awaited<ReturnType<typeof listen>>;
let network: TcpProxy;
let seriesId: string;
let lastNumber = 0;

beforeAll(async () => {
  app = await createTestApp();
  server = await listen(app);
  network = await startTcpProxy({ port: server.port });
  seriesId = (await newSeries(app.catalog, { title: 'Resumed' })).id;
});
afterAll(async () => {
  await network.close();
  await server.close();
  await app.close();
});

const head = async (): Promise<string> => formatCursor(await readHead(app.database.db));
const post = async (): Promise<string> =>
  (await newEpisode(app.catalog, seriesId, { number: ++lastNumber })).id;

describe('the point to resume from', () => {
  let older: string;
  let newer: string;
  const clients: StreamClient[] = [];

  beforeAll(async () => {
    await post();
    older = await head();
    await post();
    newer = await head();
    await app.feed.catchUp();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  const encoded = (id: string): string => id.replace('.', '%2E');

  test.each([
    ['of a polyfill', () => `?lastEventId=${newer}`],
    ['of a polyfill whose page has named where it began', () => `?cursor=${older}&lastEventId=${newer}`],
    ['of a polyfill that has taken its own parameter out', () => `?&lastEventId=${newer}`],
    ['of a wrapper that adds one at every turn', () => `?lastEventId=${older}&lastEventId=${newer}`],
    ['in another order', () => `?lastEventId=${newer}&cursor=${older}`],
    ['among others', () => `?x=1&lastEventId=${newer}&y=2`],
    ['encoded', () => `?lastEventId=${encoded(newer)}`],
    ['beside an empty one', () => `?cursor=${newer}&lastEventId=`],
    ['behind an empty one', () => `?cursor=&lastEventId=${newer}`],
    ['of a page, encoded', () => `?cursor=${encoded(newer)}`],
  ])('by address: %s', async (_name, query) => {
    const client = await openStream(`${server.url}/events${query()}`);
    clients.push(client);
    expect(await client.next('hello')).toMatchObject({ id: newer, data: { resume: 'ok' } });
  });

  test.each([
    ['goes before both of the address', () => `?cursor=${older}&lastEventId=${older}`, () => newer],
    ['counts only if there is one: cursor', () => `?cursor=${newer}`, () => ''],
    ['counts only if there is one: lastEventId', () => `?lastEventId=${newer}`, () => ''],
  ])('the header %s', async (_name, query, header) => {
    const client = await openStream(`${server.url}/events${query()}`, { 'Last-Event-ID': header() });
    clients.push(client);
    expect(await client.next('hello')).toMatchObject({ id: newer, data: { resume: 'ok' } });
  });

  test.each(['?lastEventId=null', '?lastEventId=%zz', '?cursor=undefined', '?cursor=a.1?cursor=b'])(
    'what can not be read is told, not taken for a beginning: %s',
    async (query) => {
      const client = await openStream(`${server.url}/events${query}`);
      clients.push(client);
      expect(await client.next('hello')).toMatchObject({ id: undefined, data: { resume: 'reset' } });
      expect(await client.next('reset')).toMatchObject({ data: { reason: 'malformed' } });
    },
  );
});

type Client = {
  addEventListener(type: string, listener: (message: { readonly data?: unknown }) => void): void;
  close(): void;
};

/** Clients of other people that come back by themselves. */
const CLIENTS: Readonly<Record<string, (url: string) => Client>> = {
  'event-source-polyfill': (url) => new EventSourcePolyfill(url),
  eventsource: (url) => new EventSource(url),
};

describe.each(Object.entries(CLIENTS))('%s', (_name, connect) => {
  test.each(['/events', '/events?cursor='])(
    'has all five that were posted while it was cut off, once: %s',
    async (address) => {
      const url = `http://127.0.0.1:${network.port}${address}${address.endsWith('=') ? await head() : ''}`;
      const source = connect(url);
      const heard: string[] = [];
      let greetings = 0;
      source.addEventListener('hello', () => {
        greetings++;
      });
      source.addEventListener('upsert', ({ data }) => {
        heard.push(JSON.parse(String(data)).key);
      });
      try {
        await until(() => greetings === 1);
        const before = await post();
        await until(() => heard.length === 1);
        network.cut();
        const missed: string[] = [];
        while (missed.length < 5) missed.push(await post());
        network.mend();
        await until(() => greetings === 2, 30_000);
        await until(() => heard.length >= 6);
        expect(heard).toEqual([before, ...missed]);
      } finally {
        source.close();
      }
    },
    60_000,
  );
});
