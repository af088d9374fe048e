import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than a node in production takes to drain. */
const STOP_PATIENCE_MS = 45_000;
const LAST_LINES = 20;
const POLL_MS = 50;

export type ServiceOptions = {
  readonly name: string;
  /** Called with every line that the program writes. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Called with a sentence when the program ends by itself and when it runs again. */
  readonly onChange?: ((message: string) => void) | undefined;
  /** Time after which a program that ends by itself is started again; undefined: it is not. */
  readonly restartAfterMs?: number | undefined;
};

type Command = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Where standard output goes instead of `onLine`: a file descriptor. */
  readonly stdout?: number;
};

/** A program that runs until it is stopped. One that was never ready is not started again: it would only fail again. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #command: Command;
  #child: ChildProcess | undefined;
  #lastLines: string[] = [];
  #wasReady = false;
  #stopping = false;
  #restartTimer: NodeJS.Timeout | undefined;

  constructor(options: ServiceOptions, command: Command) {
    this.#options = options;
    this.#command = command;
    this.#launch();
  }

  get name(): string {
    return this.#options.name;
  }

  /** Undefined while the program does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when `isReady` says so. Throws as soon as the program has ended, or the signal is given, instead. */
  async untilReady(isReady: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
    while (!(await isReady()) || !this.#child) {
      signal?.throwIfAborted();
      if (!this.#child) throw new Error(`${this.name} ended:\n${this.#lastLines.join('\n')}`);
      await sleep(POLL_MS);
    }
    this.#wasReady = true;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Resolves when the program has ended, by force after 45 s. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }

  #launch(): void {
    const { file, args, env, cwd, stdout } = this.#command;
    // Detached: a Ctrl-C in the terminal should reach this command alone, which stops its programs in order.
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
      ...(env && { env }),
      ...(cwd !== undefined && { cwd }),
    });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) if (output) this.#read(output);
    child.once('error', (error) => this.#ended(child, error.message));
    child.once('exit', (code, signal) => this.#ended(child, signal ? `by ${signal}` : `with status ${code}`));
  }

  #read(output: Readable): void {
    createInterface({ input: output }).on('line', (line) => {
      this.#lastLines = [...this.#lastLines, line].slice(-LAST_LINES);
      this.#options.onLine?.(line);
    });
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    killGroup(child);
    if (this.#stopping || !this.#wasReady) return;
    const { onChange, restartAfterMs } = this.#options;
    const next = restartAfterMs === undefined ? '' : `; it is started again in ${restartAfterMs / 1_000} s`;
    onChange?.(`${this.name} (pid ${child.pid}) ended ${how}${next}`);
    if (restartAfterMs === undefined) return;
    this.#restartTimer = setTimeout(() => {
      this.#launch();
      onChange?.(`${this.name} was started again, pid ${this.pid}`);
    }, restartAfterMs);
  }
}

/** Ends what a program left behind: the workers of an nginx that was killed would keep its port. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // As a rule nobody is left.
  }
}
