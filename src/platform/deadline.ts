/** What was waited for did not come in time. Its code is that of a network time-out, which it mostly stands for. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly code = 'ETIMEDOUT';
}

/**
 * Settles as `work` does, or rejects after `ms` milliseconds. The work itself goes on: whoever gave it has to see to it that a
 * late result does no harm.
 * @param what completes the sentence "… took longer than 1500 ms"
 * @throws {DeadlineError}
 */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new DeadlineError(`${what} took longer than ${ms} ms`));
    // After a turn for the network: a process that was busy for as long has the answer, and has not read it yet.
    timer = setTimeout(() => setImmediate(giveUp), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
