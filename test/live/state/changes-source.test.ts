import { ChangesSource } from '../../../src/live/state/changes-source';
import { testClock } from './test-clock';

type Asked = { readonly path: string; answer(text: string): void; fail(): void };

function start(options: { readonly cursor?: string; readonly lifeMs?: number } = {}) {
  const asked: Asked[] = [];
  const heard: (readonly [type: string, data: unknown, id: string])[] = [];
  const source = new ChangesSource({
    clock: testClock,
    topics: ['series:44', 'latest', 'latest'],
    cursor: 'e.7',
    lifeMs: Number.POSITIVE_INFINITY,
    fetch: (path) =>
      new Promise((resolve, reject) => {
        asked.push({ path, answer: resolve, fail: () => reject(new Error('Away')) });
      }),
    ...options,
  });
  for (const type of ['hello', 'upsert', 'remove', 'reset', 'ping', 'bye', 'error'])
    source.addEventListener(type, ({ data, lastEventId = '' }) =>
      heard.push([type, data === undefined ? undefined : JSON.parse(String(data)), lastEventId]),
    );
  const latest = (): Asked => {
    const last = asked.at(-1);
    if (!last) throw new Error('Nothing was asked.');
    return last;
  };
  return { source, asked, heard, latest, answer: (...frames: readonly string[]) => answer(latest(), frames) };
}

async function answer(request: Asked, frames: readonly string[]): Promise<void> {
  request.answer(frames.join(''));
  await jest.advanceTimersByTimeAsync(0);
}

const frame = (type: string, data: object, id = ''): string =>
  `event: ${type}\n${id === '' ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
const remove = (rev: number, topic = 'latest') => ({ topic, key: '1', rev });
const next = (id: string, wait = '&wait=5'): string =>
  frame('next', { next: `/changes/${id}?topics=latest,series:44${wait}` }, id);
const reset = { topics: ['latest', 'series:44'], reason: 'epoch', spreadMs: 8_000 };

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('asks for what comes after its point, tells it, and goes on where the answer says', async () => {
  const { heard, asked, answer } = start();
  await jest.advanceTimersByTimeAsync(0);
  await answer(frame('remove', remove(8)), frame('remove', remove(8, 'series:44'), 'e.8'), next('e.9'));
  expect(heard).toEqual([
    ['hello', { resume: 'ok', topics: ['latest', 'series:44'] }, 'e.7'],
    ['remove', remove(8), 'e.7'],
    ['remove', remove(8, 'series:44'), 'e.8'],
    ['ping', { head: 'e.9', digests: {} }, 'e.8'],
  ]);
  await answer(next('e.9', '&wait=6'));
  expect(heard.slice(4)).toEqual([['ping', { head: 'e.9', digests: {} }, 'e.8']]);
  expect(asked.map(({ path }) => path).slice(0, 2)).toEqual([
    '/changes/e.7?topics=latest,series:44',
    '/changes/e.9?topics=latest,series:44&wait=5',
  ]);
});

test('says what is known by pointers alone as a reset, when it has come to the present', async () => {
  const { heard, answer } = start();
  await jest.advanceTimersByTimeAsync(0);
  await answer(frame('changed', { ...remove(8), type: 'upsert' }, 'e.8'), next('e.64', ''));
  expect(heard.map(([type]) => type)).toEqual(['hello', 'ping']);
  expect(heard[0]?.[1]).toMatchObject({ resume: 'reset' });
  await answer(frame('changed', { ...remove(65), type: 'upsert' }, 'e.65'), next('e.128', ''));
  await answer(frame('remove', remove(130), 'e.130'), next('e.131'));
  expect(heard.slice(3)).toEqual([
    ['reset', { topics: ['latest'], reason: 'gap', spreadMs: 8_000 }, 'e.128'],
    ['remove', remove(130), 'e.130'],
    ['ping', { head: 'e.131', digests: {} }, 'e.130'],
  ]);
});

test('greets with a reset where its point is of another epoch', async () => {
  const { heard, answer, latest } = start();
  await jest.advanceTimersByTimeAsync(0);
  await answer(frame('reset', reset, 'f.3'), next('f.3'));
  expect(heard.slice(0, 2)).toEqual([
    ['hello', { resume: 'reset', topics: ['latest', 'series:44'] }, 'e.7'],
    ['reset', reset, 'f.3'],
  ]);
  expect(latest().path).toBe('/changes/f.3?topics=latest,series:44&wait=5');
});

test('waits a second where an answer leads nowhere at once, whatever stands in between', async () => {
  const { asked, answer } = start({ cursor: 'e.9' });
  await jest.advanceTimersByTimeAsync(0);
  await answer(next('e.9'));
  expect(asked).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(999);
  expect(asked).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(2);
});

test.each([
  ['there is no answer', (request: Asked) => request.fail()],
  ['the answer is none', (request: Asked) => request.answer('<!doctype html><p>Log in')],
  [
    'the answer leads elsewhere',
    (request: Asked) => request.answer(frame('next', { next: 'https://x' }, 'e.8')),
  ],
])('fails when %s', async (_name, fail) => {
  const { source, heard, latest } = start();
  await jest.advanceTimersByTimeAsync(0);
  fail(latest());
  await jest.advanceTimersByTimeAsync(0);
  expect([heard, source.readyState]).toEqual([[['error', undefined, '']], 2]);
});

test('fails without a point to begin after', async () => {
  const { heard, asked } = start({ cursor: '' });
  await jest.advanceTimersByTimeAsync(0);
  expect([heard.map(([type]) => type), asked]).toEqual([['error'], []]);
});

test('says goodbye when its time is over, and asks nothing once it is closed', async () => {
  const { source, heard, asked, answer } = start({ lifeMs: 60_000 });
  await jest.advanceTimersByTimeAsync(0);
  await answer(next('e.9'));
  await jest.advanceTimersByTimeAsync(20_000);
  await answer(next('e.9', '&wait=6'));
  await jest.advanceTimersByTimeAsync(20_000);
  await answer(next('e.9', '&wait=7'));
  await jest.advanceTimersByTimeAsync(20_001);
  await answer(next('e.9', '&wait=8'));
  expect(heard.at(-1)).toMatchObject(['bye', { reason: 'ttl' }, 'e.7']);
  source.close();
  await jest.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(4);
  expect(jest.getTimerCount()).toBe(0);
});
