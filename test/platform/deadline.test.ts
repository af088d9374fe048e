import { DeadlineError, within } from '../../src/platform/deadline';

test('gives what came in time', async () => {
  await expect(within(1_000, 'This', Promise.resolve(7))).resolves.toBe(7);
  await expect(within(1_000, 'This', Promise.reject(new Error('as it is')))).rejects.toThrow('as it is');
});

test('ends the wait for what never comes', async () => {
  const never = new Promise(() => undefined);
  await expect(within(10, 'This', never)).rejects.toEqual(new DeadlineError('This took longer than 10 ms'));
});

test('a process that was busy for all the time still hears what came meanwhile', async () => {
  const answer = new Promise<string>((resolve) => setImmediate(resolve, 'here'));
  const waiting = within(5, 'This', answer);
  const busyUntilMs = performance.now() + 20;
  while (performance.now() < busyUntilMs);
  await expect(waiting).resolves.toBe('here');
});
