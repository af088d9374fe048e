import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { within } from '../../platform/deadline';
import { projectRoot } from '../../platform/project';

/** Loading takes a second; this is for a machine that is busy. */
const MAX_MS = 20_000;
/** Enough for the words that are compared. */
const MAX_MEMORY_MB = 512;

/** The check under way: one at a time, so that a crowd of them takes the memory of one. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Tells what is wrong with a new password, in words, or undefined, as `loadPasswordCheck` does: in a thread that lives for this one
 * question, because the words that it is compared with take 70 MB, and looking at it would hold up everybody.
 */
export function checkPassword(password: string, email: string): Promise<string | undefined> {
  const check = last.then(() => checkInThread(password, email));
  last = check.catch(() => undefined);
  return check;
}

async function checkInThread(password: string, email: string): Promise<string | undefined> {
  const file = join(projectRoot(), 'dist', 'features', 'accounts', 'password-worker.js');
  const worker = new Worker(file, {
    workerData: { password, email },
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
  });
  try {
    const [problem] = await within(MAX_MS, 'Looking at a password', once(worker, 'message'));
    return problem === '' ? undefined : String(problem);
  } finally {
    await worker.terminate();
  }
}
