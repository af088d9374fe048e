import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../platform/project';
import type { ImageKind, ImageProblem } from './fields';
import type { Encoded, ImageAnswer, ImageTask, Looked } from './workshop-tasks';

/** The largest PNG takes two seconds, and its files ten; this is for a machine that is busy. */
const LOOK_MS = 20_000;
const ENCODE_MS = 120_000;
/** Admins who have just chosen a picture, besides the one whose is looked at. */
const MAX_WAITING = 8;
const MAX_REASON_LENGTH = 2_000;

/**
 * Opens pictures from outside, each in a process of its own that ends with it: what a decoder gets wrong, or takes its time for,
 * is not in the process that serves. One at a time, so that many take the memory of one.
 */
export class Workshop {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Tells whether the bytes are a picture that can be taken, or why not. */
  async look(bytes: Uint8Array, kind: ImageKind): Promise<Looked | ImageProblem> {
    if (this.#waiting > MAX_WAITING) return 'busy';
    const answer = await this.#inTurn({ task: 'look', kind, bytes }, LOOK_MS);
    if (answer.task === 'refuse') return answer.problem;
    if (answer.task !== 'look') throw new Error('The process for pictures answered something else.');
    return answer.looked;
  }

  /** Makes all files of a picture that was taken. @param signal gives it up */
  async encode(bytes: Uint8Array, kind: ImageKind, signal: AbortSignal): Promise<readonly Encoded[]> {
    const answer = await this.#inTurn({ task: 'encode', kind, bytes }, ENCODE_MS, signal);
    if (answer.task !== 'encode') throw new Error('The process for pictures made none.');
    return answer.encoded;
  }

  #inTurn(task: ImageTask, maxMs: number, signal?: AbortSignal): Promise<ImageAnswer> {
    this.#waiting += 1;
    const answered = this.#last
      .then(() => ask(task, maxMs, signal))
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#last = answered.catch(() => undefined);
    return answered;
  }
}

function ask(task: ImageTask, maxMs: number, signal?: AbortSignal): Promise<ImageAnswer> {
  const file = join(projectRoot(), 'dist', 'features', 'images', 'image-worker.js');
  const child = fork(file, {
    // A picture is no reason to know any secret.
    env: { PATH: process.env.PATH ?? '' },
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: maxMs,
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  const end = (): unknown => child.kill('SIGKILL');
  process.once('exit', end);
  let reason = '';
  child.stderr?.on('data', (chunk) => {
    reason = (reason + String(chunk)).slice(-MAX_REASON_LENGTH);
  });
  return new Promise<ImageAnswer>((resolve, reject) => {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    // It is our own program at the other end.
    child.once('message', (answer) => resolve(answer as ImageAnswer));
    child.once('error', reject);
    child.once('close', (code, signal) =>
      reject(
        new Error(`A picture was not opened: the process ended with ${signal ?? code}. ${reason}`.trim()),
      ),
    );
    child.send(task, (error) => error && reject(error));
  }).finally(() => process.removeListener('exit', end));
}
