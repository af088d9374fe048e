import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { compareWithTruth } from '../../src/commands/stream/compare';
import { readDatabaseList } from '../../src/commands/stream/database-truth';
import {
  type ClientList,
  differences,
  type ListState,
  type ShownItem,
} from '../../src/commands/stream/differences';
import { eventLine } from '../../src/commands/stream/event-line';
import { itemTitle } from '../../src/commands/stream/item-title';
import { readList } from '../../src/commands/stream/read-list';
import {
  type FollowedEvent,
  StreamFollower,
  type StreamFollowerOptions,
} from '../../src/commands/stream/stream-follower';
import { Witness } from '../../src/commands/stream/witness';
import { deleteEpisode, updateEpisode } from '../../src/features/episodes/repository';
import { ArrayStore } from '../../src/live/state/array-store';
import { type Clock, systemClock } from '../../src/live/state/clock';
import { List } from '../../src/live/state/list';
import { parseListMarkup } from '../../src/live/state/list-markup';
import type { RemoveEvent, UpsertEvent } from '../../src/live/state/stream-event';
import { createLists } from '../../src/process/lists';
import { createTestApp, type TestApp } from '../support/app';
import { episodeInput, newEpisode, newSeries, tester } from '../support/catalog';
import { digestOfThings, renderList, type Thing, upsertOf } from '../support/render-list';
import { listen } from '../support/stream-client';
import { until } from '../support/until';

type PageOptions = { readonly size?: number; readonly epoch?: string };

const thing = (id: number, text = `T${id}`, at = 1_000 + id): Thing => ({
  key: String(id),
  position: `${at}-${id}`,
  text,
});
const some = (count: number): Thing[] => Array.from({ length: count }, (_, index) => thing(index + 1));
const without = (things: readonly Thing[], key: string): Thing[] => things.filter((each) => each.key !== key);

function listHtml(
  things: readonly Thing[],
  seq: number,
  { epoch = 'e1', size = 24 }: PageOptions = {},
): string {
  return renderList(things, { cursor: `${epoch}.${seq}`, size });
}

function page(...parameters: Parameters<typeof listHtml>): ListState {
  const { rules, items } = parseListMarkup(listHtml(...parameters), 'latest');
  return { cursor: rules.cursor, items, end: rules.hasMore ? items.at(-1)?.position : undefined };
}

const upsert = (of: Thing, rev: number): UpsertEvent => ({ type: 'upsert', ...upsertOf(of, rev) });
const remove = (id: number, rev: number): RemoveEvent => ({
  type: 'remove',
  topic: 'latest',
  key: String(id),
  rev,
});
const shown = ({ items }: ListState) => items.map(({ key }) => Number(key));

/** A client that hears what it is told, and reads nothing again. */
function clientOf(...parameters: Parameters<typeof listHtml>) {
  const store = new ArrayStore(parseListMarkup(listHtml(...parameters), 'latest'));
  const witness = new Witness();
  const list = new List(store, {
    mayInsert: () => true,
    onNews: () => undefined,
    onGone: () => undefined,
    onWaiting: () => undefined,
    onUnfit: () => undefined,
  });
  return {
    witness,
    hear(event: UpsertEvent | RemoveEvent): void {
      list.apply(event);
      witness.hear(event, store.items);
    },
    get state(): ClientList {
      return {
        cursor: list.cursor,
        items: store.items,
        end: list.end,
        heardRev: (key) => witness.heardRev(key),
      };
    },
  };
}

async function readSiteList(url: string): Promise<ListState> {
  const { rules, items } = await readList(url);
  return { cursor: rules.cursor, items, end: rules.hasMore ? items.at(-1)?.position : undefined };
}

describe('a witness', () => {
  test('notes a page that shows something twice, out of order, or under the tag of something else', () => {
    const { items } = page(some(2), 1);
    const [two, one] = items as [ShownItem, ShownItem];
    const seen = (...wrong: readonly ShownItem[]): readonly string[] => {
      const witness = new Witness();
      witness.look(wrong, 'e1.1');
      return witness.violations;
    };
    expect(seen(two, one)).toEqual([]);
    expect(seen(one, two)).toEqual(['1 and 2 are out of order in the page at e1.1']);
    expect(seen(two, one, one)).toContain('something is shown twice in the page at e1.1');
    expect(seen({ ...two, html: '<li></li>' })).toEqual([
      '2 has the tag of something else in the page at e1.1',
    ]);
  });

  test('notes events out of order, and ones with the tag of something else; one that comes twice is allowed', () => {
    const client = clientOf(some(2), 10);
    client.hear(remove(1, 12));
    client.hear(remove(1, 12));
    expect([client.witness.repeated, client.witness.violations]).toEqual([1, []]);
    client.hear(upsert(thing(1, 'old'), 11));
    client.hear({ ...upsert(thing(3), 13), tag: '0123456789abc' });
    expect(client.witness.violations).toEqual([
      'upsert 11 of 1 came after 12',
      'upsert 13 of 3 carries the tag of something else',
    ]);
  });

  test('lets numbers begin anew after a reset', () => {
    const witness = new Witness();
    witness.hear(remove(2, 95), []);
    witness.hear({ type: 'reset', topics: ['latest'], reason: 'epoch', spreadMs: 1 }, []);
    witness.hear(remove(2, 3), []);
    expect(witness.violations).toEqual([]);
  });
});

test('the title of an item is what its html marks as such', () => {
  const html =
    '<li><a data-item-link><span lang="en" data-item-title>A &amp; B</span> <i data-item-title class="x">Episode\n 1</i> not this</a></li>';
  expect(itemTitle(html)).toBe('A & B – Episode 1');
  expect(itemTitle('<li>none</li>')).toBe('');
});

describe('the comparison with the truth', () => {
  test('finds what is missing, left over, stale, doubled or in another place', () => {
    const truth = page(some(4), 5);
    const client = (items: ListState['items']) => ({ ...truth, items, heardRev: () => 0 });
    const [a, b, c, d] = truth.items;
    if (!a || !b || !c || !d) throw new Error('The truth has four items.');
    const kinds = (items: ListState['items'], of = truth) =>
      differences(client(items), of).map(({ kind, key }) => `${kind} ${key}`);
    expect(kinds([a, b, c, d])).toEqual([]);
    expect(kinds([a, b, d])).toEqual(['missing 2']);
    expect(kinds([a, b, c, d], page(some(3), 5))).toEqual(['extra 4']);
    expect(kinds([a, { ...b, tag: '0123456789abc' }, c, d])).toEqual(['stale 3']);
    expect(kinds([a, { ...b, rev: 3 }, c, d])).toEqual([]);
    expect(kinds([a, b, b, c, d])).toEqual(['twice 3']);
    expect(kinds([b, a, c, d])).toEqual(['order 4']);
    expect(differences(client([a, b, c]), truth)[0]?.text).toBe('The client lacks 1 (T1)');
  });

  test('allows a client fewer items when those that moved up came from behind its end', () => {
    const things = some(6);
    const client = clientOf(things, 1, { size: 3 });
    client.hear(remove(6, 2));
    const rest = without(things, '6');
    expect(shown(client.state)).toEqual([5, 4]);
    expect(shown(page(rest, 2, { size: 3 }))).toEqual([5, 4, 3]);
    expect(differences(client.state, page(rest, 2, { size: 3 }))).toEqual([]);
    // But nothing that it can know.
    client.hear(remove(4, 3));
    expect(differences(client.state, page(rest, 3, { size: 3 }))).toMatchObject([
      { kind: 'missing', key: '4' },
    ]);
  });

  test('compares a client that began with a short page as far as the page of the truth goes', () => {
    const client = clientOf([], 1, { size: 3 });
    for (const each of some(5)) client.hear(upsert(each, 1 + Number(each.key)));
    expect(shown(client.state)).toHaveLength(5);
    expect(differences(client.state, page(some(5), 6, { size: 3 }))).toEqual([]);
    expect(differences(client.state, page(some(4), 6, { size: 3 }))).toMatchObject([
      { kind: 'extra', key: '5' },
    ]);
  });

  test('leaves out what the client knows better', () => {
    const client = clientOf(some(3), 1);
    client.hear(remove(2, 5));
    expect(differences(client.state, page(some(3), 4))).toEqual([]);
    expect(differences(client.state, page(some(3), 5))).toMatchObject([{ kind: 'missing', key: '2' }]);
  });

  test('tells another history, and refuses a truth that is older than the page', () => {
    const { state } = clientOf(some(3), 8);
    expect(differences(state, page(some(3), 9, { epoch: 'e2' }))).toMatchObject([{ kind: 'epoch' }]);
    expect(() => differences(state, page(some(3), 7))).toThrow(RangeError);
  });

  test('finds nothing in any client that applied every change, whatever the changes were', () => {
    const change = fc.record({ id: fc.integer({ min: 1, max: 12 }), what: fc.constantFrom('show', 'hide') });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 12 })),
        fc.array(change, { maxLength: 40 }),
        (ids, changes) => {
          const size = 4;
          const database = new Map(ids.map((id) => [id, thing(id, 'first', id % 5)]));
          const client = clientOf([...database.values()], 1, { size });
          for (const [index, { id, what }] of changes.entries()) {
            const rev = index + 2;
            if (what === 'show') {
              database.set(id, thing(id, `at ${rev}`, id % 5));
              client.hear(upsert(thing(id, `at ${rev}`, id % 5), rev));
            } else if (database.delete(id)) client.hear(remove(id, rev));
            expect(differences(client.state, page([...database.values()], rev, { size }))).toEqual([]);
          }
          expect(client.witness.violations).toEqual([]);
        },
      ),
    );
  });
});

/** A fiftieth of the time, and no chance: what takes a second takes 20 ms. */
const hasty: Clock = {
  now: systemClock.now,
  random: () => 0,
  after: (ms, task) => systemClock.after(ms / 50, task),
};

/** A site of which the test is the server. */
async function scriptedSite(things: readonly Thing[], seq = 1) {
  const streams: { readonly query: string; readonly response: ServerResponse }[] = [];
  const state = { things, seq, epoch: 'e1', listStatus: 200, streamStatus: 200, reads: 0 };
  const server = await listen((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site.invalid');
    if (url.pathname === '/episodes/latest/grid') {
      state.reads++;
      response.writeHead(state.listStatus, { 'Content-Type': 'text/html' });
      response.end(listHtml(state.things, state.seq, { epoch: state.epoch }));
      return;
    }
    streams.push({ query: url.search, response });
    response.writeHead(state.streamStatus, { 'Content-Type': 'text/event-stream' });
    if (state.streamStatus !== 200) response.end();
    else response.write('retry: 20\n\n');
  });
  const send = (event: string, data: unknown, id?: string): void => {
    const idLine = id ? `id: ${id}\n` : '';
    streams.at(-1)?.response.write(`event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`);
  };
  return {
    ...server,
    state,
    send,
    queries: () => streams.map(({ query }) => query),
    cut: () => streams.at(-1)?.response.destroy(),
    end: () => streams.at(-1)?.response.end(),
  };
}

describe('a follower', () => {
  let site: Awaited<ReturnType<typeof scriptedSite>>;
  let follower: StreamFollower;
  let heard: FollowedEvent[];
  let notes: string[];
  afterEach(async () => {
    follower.stop();
    await site.close();
  });

  async function follow(options: Partial<StreamFollowerOptions> = {}): Promise<void> {
    heard = [];
    notes = [];
    follower = await StreamFollower.start({
      url: site.url,
      clock: hasty,
      onEvent: (followed) => heard.push(followed),
      onNote: (note) => notes.push(note),
      ...options,
    });
    await until(() => follower.counters.connects === 1);
  }
  const hello = (resume = 'ok', id: string | undefined = follower.lastId) =>
    site.send('hello', { resume, topics: ['latest'], heartbeatMs: 15_000, ttlMs: 1_000 }, id);

  test('reads the list once, keeps it from the stream, and finds it equal to the digest', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    expect(site.queries()).toEqual(['?topics=latest&cursor=e1.7']);
    hello();
    site.send('upsert', upsert(thing(3, 'New', 9_000), 8), 'e1.8');
    site.send('remove', remove(1, 9), 'e1.9');
    const digest = digestOfThings([thing(3, 'New', 9_000), thing(2)]);
    site.send('ping', { head: 'e1.9', digests: { latest: digest } });
    site.send('whisper', { topic: 'site', key: 'browsers', value: 3 });
    await until(() => heard.length === 5);
    expect(shown(follower.list)).toEqual([3, 2]);
    expect(heard.map((each) => `${each.event.type} ${each.outcome}`)).toEqual([
      'hello undefined',
      'upsert inserted',
      'remove removed',
      'ping undefined',
      'whisper undefined',
    ]);
    expect(follower).toMatchObject({ isLive: true, lastId: 'e1.9', violations: [] });
    expect(follower.counters).toMatchObject({ connects: 1, events: 2, losses: 0, resets: 0, proofs: 1 });
    expect(site.state.reads).toBe(1);
    expect(heard.map((each) => eventLine(each, new Date(0)))).toEqual([
      '00:00:00.000  hello    e1.7            ok',
      '00:00:00.000  upsert   e1.8            3        New (inserted)',
      '00:00:00.000  remove   e1.9            1        (removed)',
      '00:00:00.000  ping                     e1.9',
      '00:00:00.000  whisper                  site browsers: 3',
    ]);
  });

  test('has reached a point of other topics when a digest says so', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello();
    expect(follower.hasReached('e1.9')).toBe(false);
    site.send('ping', { head: 'e1.9', digests: { latest: digestOfThings(some(2)) } });
    await until(() => follower.hasReached('e1.9'));
    expect(follower.hasReached('e1.10')).toBe(false);
  });

  test('whose list is not what the digest says notes it, and reads the list again', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello();
    const ping = () => site.send('ping', { head: 'e1.7', digests: { latest: digestOfThings(some(3)) } });
    ping();
    ping();
    await until(() => follower.counters.refetches === 1);
    expect(follower.violations).toEqual([
      `the list is ${digestOfThings(some(2))}, and at e1.7 it should be ${digestOfThings(some(3))}`,
    ]);
  });

  test('resumes from its last id when the connection is lost', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello();
    site.send('remove', remove(1, 8), 'e1.8');
    await until(() => heard.length === 2);
    site.cut();
    await until(() => follower.counters.connects === 2);
    site.end();
    await until(() => follower.counters.connects === 3);
    expect(site.queries()).toEqual(
      ['e1.7', 'e1.8', 'e1.8'].map((cursor) => `?topics=latest&cursor=${cursor}`),
    );
    expect(follower.counters.losses).toBe(2);
    expect(notes[1]).toBe('the stream ended');
  });

  test('loses its connection when it is told to', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello();
    await until(() => follower.isLive);
    follower.drop();
    expect(follower.isLive).toBe(false);
    await until(() => follower.counters.connects === 2);
    expect(follower.counters).toMatchObject({ losses: 1, byes: 0 });
  });

  test('comes back after a goodbye, from where it is', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello();
    site.send('remove', remove(1, 8), 'e1.8');
    site.send('bye', { reason: 'drain', retryMs: 30 });
    await until(() => follower.counters.connects === 2);
    expect(site.queries().at(-1)).toBe('?topics=latest&cursor=e1.8');
    expect(follower.counters).toMatchObject({ byes: 1, losses: 0 });
  });

  test('tries again later when the answer is no stream', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    site.state.streamStatus = 502;
    site.cut();
    await until(() => notes.length === 2);
    expect(notes[1]).toBe('the answer was 502 with text/event-stream');
    site.state.streamStatus = 200;
    await until(() => follower.counters.connects === 2);
  });

  test('takes a silent connection for dead, before its greeting and after it', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    await until(() => follower.counters.connects === 2);
    hello();
    await until(() => follower.counters.connects === 3);
    expect(notes).toEqual(['nothing was heard in time', 'nothing was heard in time']);
    expect(follower.counters.losses).toBe(2);
  });

  test('reads the list again after a reset, within the time that it is given', async () => {
    site = await scriptedSite(some(2), 7);
    await follow({ clock: { ...hasty, random: () => 0.5 } });
    hello('reset', undefined);
    site.state.things = some(4);
    site.state.seq = 3;
    site.state.epoch = 'e2';
    site.send('reset', { topics: ['latest'], reason: 'epoch', spreadMs: 5_000 }, 'e2.3');
    // Comes before the list is read: one of it is in the list then, the other is newer.
    site.send('remove', remove(9, 3), 'e2.3');
    site.send('remove', remove(2, 4), 'e2.4');
    await until(() => heard.length === 4);
    expect(follower.hasReached('e2.4')).toBe(false);
    await until(() => follower.hasReached('e2.4'));
    expect(shown(follower.list)).toEqual([4, 3, 1]);
    expect(follower.counters).toMatchObject({ resets: 1, refetches: 1 });
    expect(notes).toEqual(['the list was read again, at e2.3']);
    expect(follower.violations).toEqual([]);
  });

  test('is not content with a list of before the reset, nor with an answer that is none or never comes', async () => {
    site = await scriptedSite(some(2), 7);
    const answers: (() => Promise<Response>)[] = [];
    await follow({ fetch: (...request) => answers.shift()?.() ?? fetch(...request) });
    hello('reset', undefined);
    answers.push(
      async () => new Response(listHtml(some(2), 7)),
      async () => new Response('<h1>Please log in to this network</h1>'),
      async () => new Response(new ReadableStream()),
    );
    site.state.seq = 9;
    site.send('reset', { topics: ['latest'], reason: 'gap', spreadMs: 0 }, 'e1.9');
    const beat = setInterval(() => site.send('ping', { head: 'e1.9', digests: {} }), 50);
    await until(() => follower.counters.refetches === 1);
    clearInterval(beat);
    expect(notes).toEqual([
      "the list can't be read (The answer is of e1.7, and e1.9 was told); again in 1.0 s",
      "the list can't be read (The answer holds no list of latest.); again in 2.0 s",
      "the list can't be read (There was no answer within 10 s.); again in 4.0 s",
      'the list was read again, at e1.9',
    ]);
    expect(follower.hasReached('e1.9')).toBe(true);
  });

  test('notes a stream that forgot where to go on, and an event that it can’t read', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello('fresh');
    site.state.seq = 8;
    site.send('upsert', { key: 3 }, 'e1.8');
    await until(() => follower.counters.refetches === 1);
    expect(follower.violations).toEqual([
      'the stream began afresh, though it was asked to go on from e1.7',
      'An event of type upsert can\'t be read: {"key":3}',
    ]);
  });

  test('does nothing more once it is stopped', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    follower.stop();
    site.cut();
    site.state.reads = 0;
    await new Promise((resolve) => setImmediate(resolve));
    expect(notes).toEqual([]);
    expect(follower.isLive).toBe(false);
  });

  test('does not start without a list', async () => {
    site = await scriptedSite(some(2), 7);
    site.state.listStatus = 503;
    await expect(StreamFollower.start({ url: site.url })).rejects.toThrow(
      '/episodes/latest/grid answered 503',
    );
  });
});

/** A network that can be cut. */
async function startNetwork(siteUrl: string) {
  let isCut = false;
  const open = new Set<ServerResponse>();
  const passOn = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    open.add(response);
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      const answer = await fetch(new URL(asked.url ?? '/', siteUrl), {
        signal: left.signal,
      });
      response.writeHead(answer.status, { 'Content-Type': answer.headers.get('Content-Type') ?? '' });
      for await (const chunk of answer.body ?? []) response.write(chunk);
      response.end();
    } catch {
      response.destroy();
    }
  };
  const server = await listen((asked, response) => {
    if (isCut) response.destroy();
    else void passOn(asked, response);
  });
  return {
    ...server,
    cut() {
      isCut = true;
      for (const response of open) response.destroy();
    },
    mend() {
      isCut = false;
    },
  };
}

describe('followers of the real site', () => {
  const { latest } = createLists();
  let app: TestApp;
  let site: { readonly url: string; close(): Promise<void> };
  beforeAll(async () => {
    app = await createTestApp({ SSE_HEARTBEAT_MS: '1000' });
    site = await listen(app);
  });
  afterAll(async () => {
    await site.close();
    await app.close();
  });
  const truth = () => readDatabaseList(app.database.db, latest);

  test('equal the database and the list of the site, also after the network was cut', async () => {
    const { catalog } = app;
    const network = await startNetwork(site.url);
    const series = await newSeries(catalog, { title: 'R&B "quoted" <b> 旅' });
    const ids: string[] = [];
    const post = async (number: number) => {
      ids.push((await newEpisode(catalog, series.id, { number, title: `It's <i>${number}</i> & more` })).id);
    };
    for (let number = 1; number <= 30; number++) await post(number);
    const [near, far] = await Promise.all([
      StreamFollower.start({ url: site.url }),
      StreamFollower.start({ url: network.url }),
    ]);
    try {
      await until(() => near.isLive && far.isLive);
      expect(await compareWithTruth(near, truth, 3_000)).toEqual([]);
      network.cut();
      await until(() => !far.isLive);
      await post(31);
      await deleteEpisode(catalog, tester, ids[25] ?? '');
      await updateEpisode(catalog, tester, ids[28] ?? '', () =>
        episodeInput({ number: '29', title: 'Edited' }),
      );
      await updateEpisode(catalog, tester, ids[27] ?? '', () =>
        episodeInput({ number: '28', status: 'hidden' }),
      );
      expect(await compareWithTruth(near, truth, 3_000)).toEqual([]);
      expect(await compareWithTruth(far, truth, 50)).toEqual([
        expect.stringMatching(/^The client is not connected and stands at \w+\.60, the truth at \w+\.67/),
      ]);
      network.mend();
      expect(await compareWithTruth(far, truth, 10_000)).toEqual([]);
      expect(await compareWithTruth(near, () => readSiteList(site.url), 3_000)).toEqual([]);
      // It lacked two, and has read its list again for them.
      await until(() => near.list.items.length === 24);
      expect(await compareWithTruth(near, truth, 3_000)).toEqual([]);
      expect(near.list.items.map(({ html }) => itemTitle(html))).toContain(`${series.title} – Episode 31`);
      expect([...near.violations, ...far.violations]).toEqual([]);
      expect(far.counters).toMatchObject({ connects: 2, resets: 0 });
    } finally {
      near.stop();
      far.stop();
      await network.close();
    }
  });

  test('many of them fit into one process', async () => {
    const many = await createTestApp({ SSE_MAX_CONNECTIONS_PER_IP: '500' });
    const busy = await listen(many);
    const followers = await Promise.all(
      Array.from({ length: 60 }, () => StreamFollower.start({ url: busy.url })),
    );
    try {
      await until(() => followers.every(({ isLive }) => isLive));
      const series = await newSeries(many.catalog);
      for (let number = 1; number <= 10; number++) await newEpisode(many.catalog, series.id, { number });
      const read = () => readDatabaseList(many.database.db, latest);
      for (const follower of followers) expect(await compareWithTruth(follower, read, 3_000)).toEqual([]);
      expect(followers.every(({ counters }) => counters.events === 10)).toBe(true);
    } finally {
      for (const follower of followers) follower.stop();
      await busy.close();
      await many.close();
    }
  });
});
