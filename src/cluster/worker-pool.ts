import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../platform/log';
import type { Exchange } from './exchange';
import { type PrimaryMessage, parseWorkerMessage } from './messages';
import { restartPauseMs } from './restart-pause';

type WorkerPoolOptions = {
  readonly count: number;
  /** What the workers are told besides this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly exchange: Exchange;
  readonly log: Logger;
};

type Running = {
  readonly worker: Worker;
  /** Resolves with the port as soon as the worker listens. */
  readonly listening: Promise<number>;
  /** Resolves with how the worker has ended, once nothing more will come from it. */
  readonly gone: Promise<string>;
};

/** A worker could not start; the message is its own error. */
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

  /** Lets all workers drain at the same time. Resolves when they have ended, those that don't by force. */
  async stop(patient: boolean, patienceMs: number): Promise<void> {
    this.#stopping.abort();
    for (const { worker } of this.#running) sendTo(worker.id, { type: 'drain', patient });
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
    const { env, exchange, log } = this.#options;
    const worker = cluster.fork(env);
    exchange.join(worker.id);
    let failure: string | undefined;
    worker.on('message', (message: unknown) => {
      const parsed = parseWorkerMessage(message);
      if (parsed?.type === 'failed') failure = parsed.reason;
      if (!parsed) return;
      exchange
        .receive(worker.id, parsed)
        .catch((error: unknown) => log.error({ err: error }, 'A worker was not answered'));
    });
    const listening = new Promise<number>((resolve) => {
      worker.once('listening', ({ port }) => {
        exchange.serves(worker.id);
        log.info(`Worker ${worker.id} (process ${worker.process.pid}) listens`);
        resolve(port);
      });
    });
    const gone = untilGone(worker, log).then((how) => {
      this.#running.delete(running);
      exchange.leave(worker.id);
      return failure ?? how;
    });
    const running = { worker, listening, gone };
    this.#running.add(running);
    return running;
  }

  /** Has another one take the place of a worker that ended, until the pool stops. */
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
        // The machine is short of memory: the workers that run must not end for it.
        this.#options.log.error({ err: error }, 'A worker could not be forked');
      }
    }
  }
}

/** Says something to one worker; nothing happens if it is gone. */
export function sendTo(workerId: number, message: PrimaryMessage): void {
  const worker = cluster.workers?.[workerId];
  // Without a callback, a worker that dies meanwhile would be an uncaught error.
  if (worker?.isConnected()) worker.send(message, () => undefined);
}

function untilListening({ listening, gone }: Running): Promise<number> {
  const failed = gone.then((how): number => {
    throw new WorkerStartError(how);
  });
  return Promise.race([listening, failed]);
}

/** After the exit of a worker its last words, such as why it could not start, have this long to arrive. */
const LAST_WORDS_MS = 1_000;

/**
 * The exit alone is not enough: what the worker said last may still be on its way until the channel is closed. Nor can the
 * closing be waited for: Node doesn't tell of it when the worker ended in the middle of a message.
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
