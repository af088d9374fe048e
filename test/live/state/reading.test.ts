import fc from 'fast-check';
import { seqOf } from '../../../src/live/state/cursor';
import { Reading } from '../../../src/live/state/reading';
import { testClock } from './test-clock';

/** What a site, or something in front of it, makes of a request for the list. */
const ANSWERS = {
  list: (site: FakeSite) => Promise.resolve(new Response(site.head)),
  hangs: () => new Promise<Response>(() => {}),
  'begins, and hangs': () => Promise.resolve(new Response(new ReadableStream())),
  'is held back': (site: FakeSite) =>
    new Promise<Response>((resolve) => {
      site.answer = (text) => resolve(new Response(text));
    }),
  'has no list': () => Promise.resolve(new Response('<h1>Please log in to this network</h1>')),
  'is older': (site: FakeSite) => Promise.resolve(new Response(site.older)),
  fails: () => Promise.reject(new TypeError('Failed to fetch')),
  'is 503': () => Promise.resolve(new Response('', { status: 503 })),
  'can not be shown': () => Promise.resolve(new Response('broken')),
} as const satisfies Record<string, (site: FakeSite) => Promise<Response>>;
type Answer = keyof typeof ANSWERS;

/** A site with one change after the other, and a page of it. */
class FakeSite {
  /** What the next requests get; then the list. */
  readonly answers: Answer[] = [];
  requests = 0;
  /** Ends what is held back. */
  answer: (text: string) => void = () => undefined;
  epoch = 'e';
  seq = 10;
  /** Numbers of the changes that the page shows. */
  shown = new Set<number>();
  cursor = 'e.10';
  told = 'e.10';
  pending: boolean[] = [];
  readonly errors: unknown[] = [];
  readonly reading: Reading;

  constructor() {
    this.reading = new Reading({
      clock: testClock,
      fetch: async () => {
        this.requests++;
        const response = await ANSWERS[this.answers.shift() ?? 'list'](this);
        if (!response.ok) throw new Error(String(response.status));
        return response.text();
      },
      parse: (text) => {
        if (text.startsWith('<')) return undefined;
        return { cursor: text === 'broken' ? this.head : text, show: () => this.#show(text) };
      },
      apply: ({ rev }) => this.shown.add(rev),
      onReplaced: () => undefined,
      onPending: (isPending) => this.pending.push(isPending),
      onError: (error) => this.errors.push(error),
    });
  }

  get head(): string {
    return `${this.epoch}.${this.seq}`;
  }

  get older(): string {
    return `${this.epoch}.${this.seq - 5}`;
  }

  /** A change that the stream tells. */
  post(): void {
    const rev = ++this.seq;
    this.told = this.head;
    const event = { type: 'remove', topic: 'latest', key: String(rev), rev } as const;
    this.reading.note(event);
    this.shown.add(rev);
  }

  /** Changes that the stream doesn't tell, and its word that there were some. */
  reset(changes = 20): void {
    this.seq += changes;
    this.told = this.head;
    this.reading.request(8_000, this.head);
  }

  restore(): void {
    this.epoch += 'x';
    this.seq = 8;
    this.told = this.head;
    this.reading.request(8_000, this.head);
  }

  get isRight(): boolean {
    return this.cursor.startsWith(`${this.epoch}.`) && this.#missing().length === 0;
  }

  #missing(): number[] {
    const all = Array.from({ length: seqOf(this.told) }, (_, index) => index + 1);
    return all.filter((rev) => rev > seqOf(this.cursor) && !this.shown.has(rev));
  }

  #show(text: string): void {
    if (text === 'broken') throw new Error('The list can not be shown.');
    this.cursor = text;
    this.shown.clear();
  }
}

const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1_000);

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test.each(Object.keys(ANSWERS) as Answer[])(
  'a list is read until it is there, and the page says so all the while: the first answer %s',
  async (answer) => {
    const site = new FakeSite();
    site.answers.push(answer);
    site.reset();
    site.post();
    expect(site.reading.isPending).toBe(true);
    while (site.requests === 0) await pass(0.1);
    if (answer !== 'list') expect(site.reading.isPending).toBe(true);
    await pass(20);
    expect([site.isRight, site.reading.isPending]).toEqual([true, false]);
    expect(site.pending.at(-1)).toBe(false);
    expect(site.requests).toBe(answer === 'list' ? 1 : 2);
    expect(site.errors).toHaveLength(answer === 'can not be shown' ? 1 : 0);
    expect(jest.getTimerCount()).toBe(0);
  },
);

test('goes on for ever, waiting longer and longer, up to half a minute', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(1);
  const site = new FakeSite();
  site.answers.push(...Array<Answer>(8).fill('is 503'));
  site.reset();
  await pass(8);
  const waits: number[] = [];
  while (site.requests < 8) {
    const [before, fromMs] = [site.requests, Date.now()];
    while (site.requests === before) await pass(0.5);
    waits.push(Date.now() - fromMs);
  }
  expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('an answer that was asked for before a reset is taken if it is as new, else the list is read again', async () => {
  const site = new FakeSite();
  site.answers.push('is held back');
  const polled = site.reading.poll(site.told);
  const before = site.head;
  site.reset();
  site.answer(before);
  expect(await polled).toBe(false);
  expect(site.reading.isPending).toBe(true);
  await pass(10);
  expect([site.isRight, site.requests]).toEqual([true, 2]);
});

test('who asks while a list is being read gets what comes of it', async () => {
  const site = new FakeSite();
  site.answers.push('hangs');
  const both = Promise.all([site.reading.poll(site.told), site.reading.poll(site.told)]);
  await pass(10);
  expect(await both).toEqual([false, false]);
  expect(site.requests).toBe(1);
  expect(await site.reading.poll(site.told)).toBe(true);
});

test('a page that asks by itself is not taken back to what it has left behind', async () => {
  const site = new FakeSite();
  site.post();
  site.answers.push('is older');
  expect(await site.reading.poll(site.told)).toBe(false);
  expect(site.cursor).toBe('e.10');
  expect(await site.reading.poll(site.told)).toBe(true);
  expect(site.cursor).toBe('e.11');
});

test('answers of another epoch than the reset named are not believed at once, but in the end', async () => {
  const site = new FakeSite();
  site.reading.request(0, 'other.50');
  await pass(1);
  expect([site.requests, site.reading.isPending]).toEqual([1, true]);
  await pass(20);
  expect([site.requests, site.reading.isPending]).toEqual([3, false]);
});

test('what is stopped reads and changes nothing; what was needed is read after the next start', async () => {
  const site = new FakeSite();
  site.answers.push('is held back');
  site.reset();
  await pass(8);
  site.reading.stop();
  site.answer(site.head);
  await pass(60);
  expect([site.cursor, site.requests, jest.getTimerCount()]).toEqual(['e.10', 1, 0]);
  site.reading.start();
  await pass(2);
  expect([site.isRight, site.reading.isPending]).toEqual([true, false]);
});

test('an event of before a restored backup is not shown on the list of after it', async () => {
  const site = new FakeSite();
  site.reset();
  site.post();
  const old = site.seq;
  site.restore();
  await pass(10);
  expect(site.cursor).toBe('ex.8');
  expect(site.shown.has(old)).toBe(false);
});

type Step = { readonly type: string; readonly answer: Answer; readonly seconds: number };

test('whatever comes, in whatever order, the page is right in the end and never says so before', async () => {
  const step: fc.Arbitrary<Step> = fc.record({
    type: fc.constantFrom('post', 'reset', 'restore', 'poll', 'stop', 'start', 'answer', 'pass', 'pass'),
    answer: fc.constantFrom(...(Object.keys(ANSWERS) as Answer[])),
    seconds: fc.nat(20),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      jest.clearAllTimers();
      const site = new FakeSite();
      let isStopped = false;
      for (const { type, answer, seconds } of steps) {
        // A page that is stopped has no stream.
        if (type === 'post' && !isStopped) site.post();
        else if (type === 'reset' && !isStopped) site.reset();
        else if (type === 'restore' && !isStopped) site.restore();
        else if (type === 'poll') void site.reading.poll(site.told);
        else if (type === 'answer') site.answers.push(answer);
        else if (type === 'pass') await pass(seconds);
        else if (type === 'stop' || type === 'start') {
          isStopped = type === 'stop';
          site.reading[type]();
        }
        if (!site.reading.isPending) expect(site.isRight).toBe(true);
      }
      site.answers.length = 0;
      site.reading.start();
      await pass(120);
      expect([site.isRight, site.reading.isPending]).toEqual([true, false]);
      expect(jest.getTimerCount()).toBe(0);
    }),
    { numRuns: 300 },
  );
});
