import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../platform/log';
import { type PrimaryMessage, parseWorkerMessage, type WorkerMessage } from './messages';
import { restartPauseMs } from './restart-pause';

type WorkerPoolOptions = {
  readonly count: number;
  /** Variables that the workers get besides this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: Logger;
};

type Running = {
  readonly worker: Worker;
  /** Resolves with the port as soon as the worker listens. */
  readonly listening: Promise<number>;
  /** Resolves, once nothing more will come from the worker, with a sentence on how it ended. */
  readonly gone: Promise<string>;
};

/** A worker could not start; the message is that of the worker's own error. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
}

/** The processes that serve the site: starts them, replaces those that die, ends them. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #running = new Set<Running>();
  readonly #stopping = new AbortController();

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the port when all workers listen.
   * @throws {WorkerStartError} when one ends instead; none is left then.
   */
  async start(): Promise<number> {
    const first = Array.from({ length: this.#options.count }, () => this.#fork());
    try {
      const ports = await Promise.all(first.map(untilListening));
      for (const running of first) void this.#keep(running);
      return ports[0] ?? 0;
    } catch (error) {
      this.kill();
      await this.#untilAllGone();
      throw error;
    }
  }

  /** Drains all workers at the same time. Resolves when all have ended; after `patienceMs` the rest are killed. */
  async stop(patient: boolean, patienceMs: number): Promise<void> {
    this.#stopping.abort();
    for (const { worker } of this.#running) send(worker, { type: 'drain', patient });
    const timer = setTimeout(() => {
      this.#options.log.error('A worker did not end, and is killed');
      this.kill();
    }, patienceMs);
    await this.#untilAllGone();
    clearTimeout(timer);
  }

  kill(): void {
    this.#stopping.abort();
    for (const { worker } of this.#running) worker.process.kill('SIGKILL');
  }

  async #untilAllGone(): Promise<void> {
    await Promise.all([...this.#running].map(({ gone }) => gone));
  }

  #fork(): Running {
    const { env, log } = this.#options;
    const worker = cluster.fork(env);
    let failure: string | undefined;
    worker.on('message', (message: unknown) => {
      const parsed = parseWorkerMessage(message);
      if (parsed?.type === 'failed') failure = parsed.reason;
      if (parsed?.type === 'changes') this.#passOn(worker, parsed);
    });
    const listening = new Promise<number>((resolve) => {
      worker.once('listening', ({ port }) => {
        log.info(`Worker ${worker.id} (process ${worker.process.pid}) listens`);
        resolve(port);
      });
    });
    const gone = untilGone(worker, log).then((how) => {
      this.#running.delete(running);
      return failure ?? how;
    });
    const running = { worker, listening, gone };
    this.#running.add(running);
    return running;
  }

  /** Sends changes to the other workers, starting ones too: what they miss now they would only find by their next look at the log. */
  #passOn(sender: Worker, changes: Extract<WorkerMessage, { type: 'changes' }>): void {
    for (const { worker } of this.#running) if (worker !== sender) send(worker, changes);
  }

  /** Replaces a worker that has ended, again and again until the pool stops. */
  async #keep(first: Running): Promise<void> {
    const { signal } = this.#stopping;
    let { gone } = first;
    let startedMs = performance.now();
    let pauseMs = 0;
    for (;;) {
      const how = await gone;
      if (signal.aborted) return;
      pauseMs = restartPauseMs(pauseMs, performance.now() - startedMs);
      this.#options.log.error(`${how}; another one takes its place in ${pauseMs / 1_000} s`);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      startedMs = performance.now();
      try {
        gone = this.#fork().gone;
      } catch (error) {
        // The machine is short of memory, for which the running workers must not end.
        this.#options.log.error({ err: error }, 'A worker could not be forked');
      }
    }
  }
}

/** Sends a message to one worker, and does nothing if it is gone. */
function send(worker: Worker, message: PrimaryMessage): void {
  // Without a callback, the death of the worker meanwhile would be an uncaught error.
  if (worker.isConnected()) worker.send(message, () => undefined);
}

function untilListening({ listening, gone }: Running): Promise<number> {
  const failed = gone.then((how): number => {
    throw new WorkerStartError(how);
  });
  return Promise.race([listening, failed]);
}

/** After a worker's exit, its last messages (such as why it could not start) have this long to arrive. */
const LAST_WORDS_MS = 1_000;

/**
 * Resolves when a worker has ended. Its exit alone is not enough: its last messages may be on their way until the channel is
 * closed. Nor is waiting for that enough: Node emits no `disconnect` when the worker ended in the middle of a message.
 */
function untilGone(worker: Worker, log: Logger): Promise<string> {
  const name = `Worker ${worker.id} (process ${worker.process.pid})`;
  return new Promise((resolve) => {
    let how: string | undefined;
    let closed = false;
    worker.once('exit', (code, signal) => {
      how = `${name} ended ${signal ? `by ${signal}` : `with status ${code}`}`;
      if (closed) resolve(how);
      else setTimeout(resolve, LAST_WORDS_MS, how);
    });
    worker.once('disconnect', () => {
      closed = true;
      if (how !== undefined) resolve(how);
    });
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) resolve(`A worker could not be started: ${error.message}`);
      else log.warn({ err: error, worker: worker.id }, 'The channel to a worker failed');
    });
  });
}
