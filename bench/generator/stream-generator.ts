import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { builtFile } from '../machine/compile';

const settled = z.object({ settled: z.number(), refused: z.number(), ms: z.number() });
const report = z.object({
  open: z.number(),
  refused: z.number(),
  /** Streams that ended by themselves. */
  closed: z.number(),
  /** Events `reset` since the mark, over all clients. */
  resets: z.number(),
  bytes: z.number(),
  /** The last event of the client that is furthest behind; -1 when no stream is open. */
  minSeq: z.number(),
  minBytes: z.number(),
  maxBytes: z.number(),
});
const arrivals = z.object({ events: z.array(z.tuple([z.number(), z.number(), z.number()])) });

/** How the opening of all streams went: `settled` were greeted, the last of them after `ms`. */
export type Opening = z.infer<typeof settled>;
export type StreamReport = z.infer<typeof report>;
/** When an event came to the first and to the last client, in nanoseconds of process.hrtime(). */
export type Arrival = { readonly clients: number; readonly firstNs: number; readonly lastNs: number };

type GeneratorOptions = {
  readonly port: number;
  readonly clients: number;
  /** Connections that are being opened at a time. */
  readonly atOnce: number;
  /** Head of the request. */
  readonly request: string;
  /** Compressed streams are only counted, in bytes. */
  readonly isOpaque: boolean;
  /** A client is greeted by the event `hello`, not by the head of the response. */
  readonly awaitsHello: boolean;
  readonly tls: boolean;
};

const POLL_MS = 25;
const QUIET_MS = 300;

/** Many clients of a stream: a program of its own (streams.c), since it must never be the bottleneck. */
export class StreamGenerator {
  readonly #child: ChildProcess;
  readonly #isOpaque: boolean;
  readonly #answers: ((line: string) => void)[] = [];
  /** Resolves when every client was greeted or refused. */
  readonly opened: Promise<Opening>;

  constructor(options: GeneratorOptions) {
    const { port, clients, atOnce, request, isOpaque, awaitsHello, tls } = options;
    this.#isOpaque = isOpaque;
    this.#child = spawn(
      builtFile('streams'),
      [
        ...[String(port), String(clients), String(atOnce), isOpaque ? 'opaque' : 'text', request],
        ...(awaitsHello && !isOpaque ? ['hello'] : []),
        ...(tls ? ['tls'] : []),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#child.stdin?.on('error', () => undefined);
    this.opened = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => reject(new Error(`The generator of streams ended with ${code}.`)));
      if (!this.#child.stdout) return;
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        if (line.startsWith('{"settled"')) resolve(settled.parse(JSON.parse(line)));
        else this.#answers.shift()?.(line);
      });
    });
    // Whoever awaits it is told; one that is stopped before it settled has nobody.
    this.opened.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** From now on the events after `seq` count. */
  async mark(seq: number): Promise<void> {
    await this.#ask(`mark ${seq}`);
  }

  async report(): Promise<StreamReport> {
    return report.parse(JSON.parse(await this.#ask('report')));
  }

  /** The events since the mark, in order. */
  async arrivals(): Promise<readonly Arrival[]> {
    const { events } = arrivals.parse(JSON.parse(await this.#ask('events')));
    return events.map(([clients, firstNs, lastNs]) => ({ clients, firstNs, lastNs }));
  }

  /** Lets clients go and come back, those first that were opened first. */
  async reconnect(clients: number): Promise<void> {
    await this.#ask(`reconnect ${clients}`);
  }

  /**
   * Resolves when every open stream has had the event `seq`: true, or false when it is not so in time.
   * Of compressed streams it is known that all have had the same number of bytes and no more come.
   */
  async untilDelivered(seq: number, timeoutMs: number): Promise<boolean> {
    const giveUpMs = performance.now() + timeoutMs;
    for (let before = -1, quietSinceMs = performance.now(); performance.now() < giveUpMs; ) {
      const { bytes, minBytes, maxBytes, minSeq, open } = await this.report();
      if (bytes !== before) quietSinceMs = performance.now();
      before = bytes;
      const isQuiet = bytes > 0 && minBytes === maxBytes && performance.now() - quietSinceMs > QUIET_MS;
      if (open === 0) return false;
      if (this.#isOpaque ? isQuiet : minSeq >= seq) return true;
      await sleep(POLL_MS);
    }
    return false;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }

  #ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null) return reject(new Error('The generator of streams has ended.'));
      this.#answers.push(resolve);
      this.#child.stdin?.write(`${command}\n`);
    });
  }
}
