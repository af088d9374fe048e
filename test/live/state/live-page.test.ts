import fc from 'fast-check';
import { ArrayStore } from '../../../src/live/state/array-store';
import type { List } from '../../../src/live/state/list';
import { type ItemMarkup, parseListMarkup } from '../../../src/live/state/list-markup';
import { type Divergence, LivePage, type PageSituation, streamPath } from '../../../src/live/state/live-page';
import type { StreamRequest } from '../../../src/live/state/shared-stream';
import { digestOfThings, inOrder, renderList, type Thing, upsertOf } from '../../support/render-list';
import { FakeSource } from './fake-source';
import { testClock } from './test-clock';

/** A site with some lists, and a page of it that shows them. */
class FakeSite {
  readonly lists: Map<string, Thing[]>;
  readonly stores = new Map<string, ArrayStore>();
  readonly sources: FakeSource[] = [];
  readonly requests: StreamRequest[] = [];
  readonly divergences: Divergence[] = [];
  readonly situations: PageSituation[] = [];
  readonly errors: unknown[] = [];
  readonly whispers: unknown[] = [];
  readonly reads: string[] = [];
  readonly news: string[] = [];
  readonly page: LivePage<ItemMarkup>;
  epoch = 'e';
  seq = 10;
  isHidden = false;
  mayInsert = true;
  /** What readings get instead of the list. */
  answer: ((topic: string) => Promise<string>) | undefined;

  constructor(lists: Readonly<Record<string, readonly Thing[]>>, size = 24) {
    this.lists = new Map(Object.entries(lists).map(([topic, things]) => [topic, [...things]]));
    const render = (topic: string): string =>
      renderList(this.things(topic), { cursor: this.head, topic, size });
    this.page = new LivePage<ItemMarkup>({
      clock: testClock,
      lists: [...this.lists.keys()].map((topic) => {
        const store = new ArrayStore(parseListMarkup(render(topic), topic));
        this.stores.set(topic, store);
        return {
          store,
          events: {
            mayInsert: () => this.mayInsert,
            onNews: ({ key }) => this.news.push(key),
            onGone: () => undefined,
            onWaiting: () => undefined,
          },
          fetch: async () => {
            this.reads.push(topic);
            return this.answer ? this.answer(topic) : render(topic);
          },
          parse: (html) => store.rendered(parseListMarkup(html, topic)),
        };
      }),
      topics: ['site'],
      tickets: [],
      sharing: undefined,
      openSource: (request) => {
        this.requests.push(request);
        const source = new FakeSource();
        this.sources.push(source);
        return source;
      },
      isHidden: () => this.isHidden,
      onSituation: (situation) => this.situations.push(situation),
      onWhisper: ({ key, value }) => this.whispers.push([key, value]),
      onDivergence: (divergence) => this.divergences.push(divergence),
      onError: (error) => this.errors.push(error),
    });
  }

  get head(): string {
    return `${this.epoch}.${this.seq}`;
  }

  get source(): FakeSource {
    return this.sources.at(-1) ?? new FakeSource();
  }

  get list(): List<ItemMarkup> {
    const [list] = this.page.lists;
    if (!list) throw new Error('The page has no list.');
    return list;
  }

  things(topic = 'latest'): Thing[] {
    return this.lists.get(topic) ?? [];
  }

  shown(topic = 'latest'): readonly string[] {
    return this.stores.get(topic)?.items.map(({ key }) => key) ?? [];
  }

  get isRight(): boolean {
    return [...this.lists.keys()].every((topic) => {
      const items = this.stores.get(topic)?.items ?? [];
      const things = inOrder(this.things(topic)).slice(0, items.length);
      const end = this.page.lists.find((list) => list.topic === topic)?.end;
      const isWhole = end !== undefined || items.length === this.things(topic).length;
      return (
        isWhole && JSON.stringify(items.map(({ key, html }) => [key, html])) === JSON.stringify(texts(things))
      );
    });
  }

  greet(): void {
    this.page.start();
    this.source.send('hello', { resume: 'ok', topics: this.requests.at(-1)?.topics }, this.head);
  }

  /** @param isLost it changes, but is not told */
  put(thing: Thing, { topic = 'latest', isNew = false, isLost = false } = {}): void {
    this.lists.set(topic, [...this.things(topic).filter(({ key }) => key !== thing.key), thing]);
    this.seq++;
    if (!isLost) this.source.send('upsert', upsertOf(thing, this.seq, { topic, isNew }), this.head);
  }

  take(key: string, { topic = 'latest', isLost = false } = {}): void {
    this.lists.set(
      topic,
      this.things(topic).filter((thing) => thing.key !== key),
    );
    this.seq++;
    if (!isLost) this.source.send('remove', { topic, key, rev: this.seq }, this.head);
  }

  ping(head = this.head): void {
    const digests = Object.fromEntries(
      [...this.lists].map(([topic, things]) => [topic, digestOfThings(things)]),
    );
    this.source.send('ping', { head, digests });
  }
}

function texts(things: readonly Thing[]): readonly (readonly [string, string])[] {
  return things.map((thing) => [thing.key, upsertOf(thing, 0).html]);
}

const some = (count: number, from = 1): Thing[] =>
  Array.from({ length: count }, (_, index) => {
    const id = from + index;
    return { key: String(id), position: `${id * 10}-${id}`, text: `Thing ${id}` };
  });

const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1_000);

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('several lists on a page', () => {
  test('are on one stream, and each is told what is of its topic', async () => {
    const site = new FakeSite({ latest: some(3), 'series:44': some(2) });
    site.greet();
    expect(site.requests).toEqual([{ topics: ['latest', 'series:44', 'site'], tickets: [], cursor: 'e.10' }]);
    site.put({ key: '9', position: '90-9' });
    site.take('1', { topic: 'series:44' });
    expect([site.shown('latest'), site.shown('series:44')]).toEqual([['9', '3', '2', '1'], ['2']]);
    expect(site.isRight).toBe(true);
    site.page.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a reset concerns the lists that it names alone', async () => {
    const site = new FakeSite({ latest: some(3), 'series:44': some(2) });
    site.greet();
    site.put({ key: '9', position: '90-9' }, { isLost: true });
    site.put({ key: '9', position: '90-9' }, { topic: 'series:44', isLost: true });
    site.source.send('reset', { topics: ['series:44'], reason: 'burst', spreadMs: 1_000 }, site.head);
    expect(site.page.situation).toEqual({ stream: 'live', isPending: true, isAnswered: false });
    await pass(1);
    expect([site.reads, site.shown('latest'), site.shown('series:44')]).toEqual([
      ['series:44'],
      ['3', '2', '1'],
      ['9', '2', '1'],
    ]);
    expect(site.situations.at(-1)?.isPending).toBe(false);
  });

  test('what can not be read is read again by its list, or by all where nobody knows whose it is', async () => {
    const site = new FakeSite({ latest: some(1), 'series:44': some(1) });
    site.greet();
    site.seq++;
    site.source.send(
      'upsert',
      { ...upsertOf({ key: '2', position: '5-2' }, site.seq), html: '<p>?</p>' },
      site.head,
    );
    await pass(8);
    expect(site.reads).toEqual(['latest']);
    site.seq++;
    site.source.sendText('upsert', '{"topic":1}', site.head);
    await pass(8);
    expect([...site.reads].sort()).toEqual(['latest', 'latest', 'series:44']);
    expect(site.errors.map(String)).toEqual([
      'Error: The event carries no item.',
      'Error: An event of type upsert can\'t be read: {"topic":1}',
    ]);
  });

  test('what is told while a list is read is not lost', async () => {
    const site = new FakeSite({ latest: some(3) });
    site.greet();
    site.source.send('reset', { topics: ['latest'], reason: 'gap', spreadMs: 0 }, site.head);
    let answer: (html: string) => void = () => undefined;
    site.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await pass(1);
    const before = renderList(site.things(), { cursor: site.head });
    site.put({ key: '9', position: '90-9' });
    answer(before);
    await pass(0);
    expect(site.shown()).toEqual(['9', '3', '2', '1']);
  });
});

test('a list that has become short, or too long, is filled up without a word, from no older page', async () => {
  const site = new FakeSite({ latest: some(30) });
  site.greet();
  const before = renderList(site.things(), { cursor: site.head });
  const said = site.situations.length;
  site.answer = async () => {
    site.answer = undefined;
    return before;
  };
  site.take('29');
  expect(site.shown()).toHaveLength(23);
  await pass(20);
  expect(site.reads).toHaveLength(2);
  expect([site.shown().length, site.isRight]).toEqual([24, true]);
  expect(site.situations).toHaveLength(said);

  const short = new FakeSite({ latest: some(24) });
  short.greet();
  short.put({ key: '99', position: '990-99' });
  expect(short.shown()).toHaveLength(25);
  await pass(20);
  expect([short.shown().length, short.isRight, short.list.end]).toEqual([24, true, '20-2']);
});

test('a page that can hear nothing asks by itself, and goes on from what it got', async () => {
  const site = new FakeSite({ latest: some(3) });
  site.page.start();
  for (let tries = 0; tries < 3; tries++) {
    site.source.fail(2);
    await pass(60);
  }
  expect(site.page.situation.stream).toBe('polling');
  site.put({ key: '9', position: '90-9' }, { isLost: true });
  await pass(61);
  expect(site.page.situation).toEqual({ stream: 'polling', isPending: false, isAnswered: true });
  expect([site.shown(), site.page.position]).toEqual([['9', '3', '2', '1'], 'e.11']);
  site.answer = async () => Promise.reject(new TypeError('Failed to fetch'));
  await pass(61);
  expect(site.page.situation.isAnswered).toBe(false);
});

test('where there are too many streams the page asks by itself, until there is room', async () => {
  const site = new FakeSite({ latest: some(3) });
  site.page.start();
  site.source.send('bye', { reason: 'busy', retryMs: 40_000 });
  expect(site.page.situation.stream).toBe('polling');
  site.put({ key: '9', position: '90-9' }, { isLost: true });
  await pass(5);
  expect([site.shown(), site.page.situation.isAnswered]).toEqual([['9', '3', '2', '1'], true]);
  await pass(35);
  expect(site.requests.map(({ cursor }) => cursor)).toEqual(['e.10', 'e.11']);
  site.source.send('hello', { resume: 'ok', topics: ['latest', 'site'] }, site.head);
  expect(site.page.situation.stream).toBe('live');
  const { length } = site.reads;
  await pass(39);
  expect(site.reads).toHaveLength(length);
});

test('a page at rest has no stream, asks every few minutes, and tells what is new', async () => {
  const site = new FakeSite({ latest: some(3) });
  site.greet();
  site.isHidden = true;
  site.mayInsert = false;
  site.page.rest();
  site.put({ key: '8', position: '80-8' }, { isLost: true });
  site.put({ key: '9', position: '90-9' }, { isLost: true });
  await pass(300);
  expect([site.news, site.shown(), site.requests.length]).toEqual([['9', '8'], ['3', '2', '1'], 1]);
  const { length } = site.reads;
  site.put({ key: '10', position: '100-10' }, { isLost: true });
  await pass(720);
  expect(site.news).toEqual(['9', '8', '10']);
  expect(site.reads.length - length).toBeLessThan(4);

  site.isHidden = false;
  site.page.wake();
  expect(site.requests.at(-1)?.cursor).toBe('e.13');
  site.source.send('hello', { resume: 'ok', topics: ['latest', 'site'] }, site.head);
  site.list.showWaiting();
  expect(site.isRight).toBe(true);
  site.page.stop();
  expect(jest.getTimerCount()).toBe(0);
});

test('whispers are passed on', () => {
  const site = new FakeSite({ latest: [] });
  site.greet();
  site.source.send('whisper', { topic: 'site', key: 'browsers', value: 381 });
  site.source.send('whisper', { topic: 'site', key: 'browsers', value: { no: 'value' } });
  expect(site.whispers).toEqual([['browsers', 381]]);
});

test('the address of a stream names topics, cursor and tickets', () => {
  expect(streamPath({ topics: ['latest', 'series:44'], cursor: 'k3f9.10422', tickets: [] })).toBe(
    '/events?topics=latest,series:44&cursor=k3f9.10422',
  );
  expect(streamPath({ topics: ['a&b'], cursor: '', tickets: ['x/+', 'y'] })).toBe(
    '/events?topics=a%26b&t=x%2F%2B&t=y',
  );
});

describe('a page proves that it is right', () => {
  type Items = ArrayStore['items'];
  const swap = (items: Items, a: number, b: number): Items =>
    items.with(a, items[b] ?? items[0] ?? ([] as never)).with(b, items[a] ?? items[0] ?? ([] as never));
  const strange = (items: Items, key: string) =>
    ({ ...items[0], key, tag: 'leaked0000000', html: '<li>?</li>' }) as Items[number];
  const plants: Readonly<Record<string, (items: Items) => Items>> = {
    'the first dropped': (items) => items.slice(1),
    'one in the middle dropped': (items) => items.toSpliced(11, 1),
    'the last dropped, and another behind it shown': (items) => items.toSpliced(23, 1, strange(items, '1')),
    'two dropped': (items) => items.toSpliced(3, 2),
    'the first doubled': (items) => items.toSpliced(0, 0, ...items.slice(0, 1)),
    'one doubled next to it': (items) => items.toSpliced(7, 0, ...items.slice(7, 8)),
    'one doubled elsewhere': (items) => items.toSpliced(20, 0, ...items.slice(2, 3)),
    'all doubled': (items) => [...items, ...items],
    'the first stale': (items) => items.with(0, { ...strange(items, items[0]?.key ?? ''), rev: 99 }),
    'one in the middle stale': (items) =>
      items.with(12, { ...strange(items, items[12]?.key ?? ''), rev: 99 }),
    'the last stale': (items) => items.with(23, { ...strange(items, items[23]?.key ?? ''), rev: 99 }),
    'all stale': (items) => items.map(({ key }) => strange(items, key)),
    'two neighbours swapped': (items) => swap(items, 4, 5),
    'two distant ones swapped': (items) => swap(items, 1, 22),
    'the first moved to the end': (items) => [...items.slice(1), ...items.slice(0, 1)],
    'the last moved to the beginning': (items) => [...items.slice(-1), ...items.slice(0, -1)],
    'the order reversed': (items) => items.toReversed(),
    'one leaked at the beginning': (items) => [strange(items, '900'), ...items],
    'one leaked in the middle': (items) => items.toSpliced(9, 0, strange(items, '900')),
    'one leaked in place of another': (items) => items.with(6, strange(items, '900')),
    'one with the state of another': (items) =>
      items.with(6, { ...items[7], key: items[6]?.key ?? '' } as Items[number]),
  };

  function plant(site: FakeSite, change: (items: Items) => Items): void {
    const store = site.stores.get('latest');
    if (store) store.replace({ rules: store.rules, items: change(store.items) });
  }

  test.each(Object.entries(plants))(
    '%s: found within two heartbeats, healed, and told once',
    async (_name, change) => {
      const site = new FakeSite({ latest: some(30), 'series:44': some(5) });
      site.greet();
      site.ping();
      expect(site.page.checkedAtMs).toBe(Date.now());
      plant(site, change);
      expect(site.isRight).toBe(false);
      // Changes elsewhere make no difference: the position of the page is not the head any more.
      site.seq += 5;
      site.ping();
      expect(site.divergences).toEqual([]);
      await pass(15);
      site.ping();
      expect(site.divergences).toEqual([
        { topic: 'latest', head: 'e.15', expected: digestOfThings(site.things()), shown: expect.any(String) },
      ]);
      expect(site.page.situation.isPending).toBe(false);
      await pass(2);
      expect([site.isRight, site.reads]).toEqual([true, ['latest']]);
      await pass(13);
      site.ping();
      expect(site.page.checkedAtMs).toBe(Date.now());
      expect(site.divergences).toHaveLength(1);
    },
  );

  test('what can not be healed is read and told once, until it was right again', async () => {
    const site = new FakeSite({ latest: some(5) });
    site.greet();
    const wrong = renderList(some(4), { cursor: 'e.99' });
    site.answer = async () => wrong;
    const worsen = (): void => plant(site, (items) => items.slice(1));
    worsen();
    for (let pings = 0; pings < 6; pings++) {
      site.seq = 99;
      site.ping();
      await pass(15);
    }
    expect([site.reads.length, site.divergences.length]).toEqual([1, 1]);
    plant(site, () => parseListMarkup(renderList(site.things(), { cursor: 'e.99' }), 'latest').items);
    site.ping();
    worsen();
    for (let pings = 0; pings < 2; pings++) {
      site.ping();
      await pass(15);
    }
    expect([site.reads.length, site.divergences.length]).toEqual([2, 2]);
  });

  test('is not alarmed by a ping that overtakes a change, once or ever again', async () => {
    const site = new FakeSite({ latest: some(30) });
    site.greet();
    for (let times = 0; times < 5; times++) {
      const thing = { key: `new ${times}`, position: `${1_000 + times}-1` };
      site.lists.set('latest', [...site.things(), thing]);
      site.seq++;
      site.ping();
      site.source.send('upsert', upsertOf(thing, site.seq), site.head);
      await pass(15);
    }
    expect([site.divergences, site.reads]).toEqual([[], []]);
    expect(site.isRight).toBe(true);
  });

  test('does not compare with a node that is behind the page, or of another history', async () => {
    const site = new FakeSite({ latest: some(3) });
    site.greet();
    plant(site, (items) => items.slice(1));
    for (let pings = 0; pings < 4; pings++) site.ping(pings % 2 ? 'e.9' : 'f.99');
    expect(site.divergences).toEqual([]);
  });

  test('a list that was answered from before a restore is read again', async () => {
    const site = new FakeSite({ latest: some(5) });
    site.greet();
    const kept = renderList(site.things(), { cursor: site.head });
    site.epoch = 'f';
    site.seq = 4;
    site.answer = async () => kept;
    site.source.send('reset', { topics: ['latest'], reason: 'epoch', spreadMs: 0 }, site.head);
    await pass(60);
    expect([site.list.cursor, site.page.situation.isPending]).toEqual(['e.10', false]);
    site.answer = undefined;
    // Less than what the list was read at, so it is not news to it.
    site.put({ key: '1', position: '5-1' });
    expect(site.isRight).toBe(false);
    site.ping();
    await pass(2);
    expect([site.isRight, site.list.cursor, site.divergences]).toEqual([true, 'f.5', []]);
  });

  test('does not compare while something waits to be shown or is read, and no digest says nothing', async () => {
    const site = new FakeSite({ latest: some(3) });
    site.greet();
    site.mayInsert = false;
    site.put({ key: '9', position: '90-9' }, { isNew: true });
    plant(site, (items) => items.slice(1));
    for (let pings = 0; pings < 4; pings++) site.ping();
    site.list.showWaiting();
    for (let pings = 0; pings < 4; pings++) site.source.send('ping', { head: site.head });
    site.source.send('reset', { topics: ['latest'], reason: 'gap', spreadMs: 0 }, site.head);
    for (let pings = 0; pings < 4; pings++) site.ping();
    expect([site.divergences, site.page.checkedAtMs]).toEqual([[], undefined]);
  });

  /** The server is heard all the while. */
  async function passAlive(site: FakeSite, seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 10) {
      site.source.send('whisper', { topic: 'site', key: 'browsers', value: left });
      await pass(Math.min(left, 10));
    }
  }

  type Step = { readonly type: string; readonly key: number; readonly at: number };

  test('whatever happens to the list, a ping is no false alarm, and in the end it is equal', async () => {
    const step: fc.Arbitrary<Step> = fc.record({
      type: fc.constantFrom(
        'put',
        'put',
        'new',
        'take',
        'ping',
        'pass',
        'reset',
        'drop',
        'use',
        'rest',
        'press',
      ),
      key: fc.integer({ min: 1, max: 40 }),
      at: fc.nat(30),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        jest.clearAllTimers();
        const site = new FakeSite({ latest: some(20) }, 24);
        site.greet();
        for (const { type, key, at } of steps) {
          const thing = { key: String(key), position: `${at}-${key}`, text: `at ${site.seq}` };
          if (type === 'put') site.put(thing);
          else if (type === 'new') site.put(thing, { isNew: true });
          else if (type === 'take') site.take(String(key));
          else if (type === 'ping') site.ping();
          else if (type === 'pass') await passAlive(site, at);
          else if (type === 'reset')
            site.source.send('reset', { topics: ['latest'], reason: 'gap', spreadMs: 8_000 }, site.head);
          else if (type === 'drop') {
            site.source.fail();
            while (site.source.readyState === 2) await pass(1);
            site.source.send('hello', { resume: 'ok', topics: ['latest'] }, site.head);
          } else if (type === 'press') site.list.showWaiting();
          else site.mayInsert = type === 'rest';
        }
        site.list.showWaiting();
        await passAlive(site, 30);
        site.ping();
        expect(site.divergences).toEqual([]);
        expect(site.page.checkedAtMs).toBe(Date.now());
        expect(site.isRight).toBe(true);
        site.page.stop();
        expect(jest.getTimerCount()).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
