/** Something did not come in time. The code is that of a network time-out, which is mostly the reason. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly code = 'ETIMEDOUT';
}

/**
 * Settles as `work` does, or rejects after `ms` milliseconds. The work itself goes on: the caller sees to it
 * that a late result does no harm.
 * @param what completes the sentence "… took longer than 1500 ms"
 * @param after runs a task after so many milliseconds, and returns what calls it off; the machine's clock by default
 * @throws {DeadlineError}
 */
export async function within<T>(
  ms: number,
  what: string,
  work: Promise<T>,
  after: (ms: number, task: () => void) => () => void = afterTimeout,
): Promise<T> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = after(ms, () => reject(new DeadlineError(`${what} took longer than ${ms} ms`)));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}

function afterTimeout(ms: number, task: () => void): () => void {
  // After a turn for the network: a process that was busy for as long has the answer, and has not read it yet.
  const timer = setTimeout(() => setImmediate(task), ms);
  return () => clearTimeout(timer);
}
