import type { Clock } from './clock';

/**
 * Returns what the work returns. Rejects when that takes longer than `ms`, or when `life` is over: then the signal that the work
 * was given is aborted, and it is not waited for any more, whether it heeds the signal or not.
 */
export async function withDeadline<T>(
  clock: Pick<Clock, 'after'>,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  life?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const end = (): void => controller.abort(life?.reason);
  const cancel = clock.after(ms, () => {
    controller.abort(new DOMException(`There was no answer within ${ms / 1_000} s.`, 'TimeoutError'));
  });
  const over = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // Before the work begins: what is over already begins nothing.
  if (life?.aborted) end();
  life?.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([over, signal.aborted ? over : work(signal)]);
  } finally {
    cancel();
    life?.removeEventListener('abort', end);
  }
}
