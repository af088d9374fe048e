import { HashQueue } from '../../../src/features/accounts/hash-queue';

const limits = { maxAtOnce: 2, maxWaiting: 2, maxWaitMs: 1_000 };
beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Enters, and tells in `order` when it was let in. */
function arrive(queue: HashQueue, order: string[], name: string, lane: 'known' | 'stranger' = 'stranger') {
  return queue.enter(lane).then((leave) => {
    order.push(leave ? name : `${name} refused`);
    return leave;
  });
}
const settled = () => jest.advanceTimersByTimeAsync(0);

test('lets in as many at once as the limit says, and the next when one leaves', async () => {
  const queue = new HashQueue(limits);
  const order: string[] = [];
  const first = await arrive(queue, order, 'a');
  await arrive(queue, order, 'b');
  void arrive(queue, order, 'c');
  void arrive(queue, order, 'd');
  await settled();
  expect(order).toEqual(['a', 'b']);
  first?.();
  // A second time it is nobody's place any more.
  first?.();
  await settled();
  expect(order).toEqual(['a', 'b', 'c']);
});

test('refuses at once when the queue is full', async () => {
  const queue = new HashQueue(limits);
  const order: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) void arrive(queue, order, name);
  await settled();
  expect(order).toEqual(['a', 'b', 'e refused']);
});

test('refuses whoever has waited too long, and the place goes to the next', async () => {
  const queue = new HashQueue(limits);
  const order: string[] = [];
  const leave = await arrive(queue, order, 'a');
  await arrive(queue, order, 'b');
  void arrive(queue, order, 'c');
  await jest.advanceTimersByTimeAsync(999);
  void arrive(queue, order, 'd');
  await jest.advanceTimersByTimeAsync(1);
  expect(order).toEqual(['a', 'b', 'c refused']);
  leave?.();
  await settled();
  expect(order).toEqual(['a', 'b', 'c refused', 'd']);
  expect(jest.getTimerCount()).toBe(0);
});

test('lets in known devices first, and a crowd of strangers does not fill their lane', async () => {
  const queue = new HashQueue(limits);
  const order: string[] = [];
  const leave = await arrive(queue, order, 'a');
  for (const name of ['b', 'c', 'd', 'e']) void arrive(queue, order, name);
  void arrive(queue, order, 'ada', 'known');
  await settled();
  expect(order).toEqual(['a', 'b', 'e refused']);
  leave?.();
  await settled();
  expect(order.at(-1)).toBe('ada');
});

test('is empty when all have left', async () => {
  const queue = new HashQueue(limits);
  for (let round = 0; round < 3; round++) {
    const leaves = await Promise.all([queue.enter('stranger'), queue.enter('stranger')]);
    for (const leave of leaves) leave?.();
  }
  expect(await queue.enter('stranger')).toBeDefined();
});
