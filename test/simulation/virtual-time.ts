import type { NodeClock } from '../../src/live/turns';

/** Chance that a seed repeats. Mulberry32. https://github.com/cprosche/mulberry32 */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** More promises than any of the code has that hang on each other. */
const PROMISES = 30;

type Task = { readonly atMs: number; readonly order: number; run: (() => void) | undefined };

/** Time that only goes on when everything is done that was due. One task runs at a time, with all that it promises at once. */
export class VirtualTime {
  readonly random: () => number;
  #nowMs = 0;
  #order = 0;
  /** A binary heap, the next task first. */
  readonly #heap: Task[] = [];

  constructor(random: () => number) {
    this.random = random;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Tasks that are still to come. */
  get pending(): number {
    return this.#heap.filter(({ run }) => run !== undefined).length;
  }

  after(ms: number, run: () => void): () => void {
    const task: Task = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, run };
    this.#push(task);
    return () => {
      task.run = undefined;
    };
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** A whole number from `min` to `max`. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1));
  }

  pick<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.random() * values.length)];
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Runs what is due in the next `ms` milliseconds. */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const task = this.#heap[0];
      if (!task || task.atMs > endMs) break;
      this.#pop();
      if (!task.run) continue;
      this.#nowMs = Math.max(this.#nowMs, task.atMs);
      task.run();
      // All promises that hang on it are kept before the next one runs. A turn of the real event loop would cost much more.
      for (let turn = 0; turn < PROMISES; turn++) await undefined;
    }
    this.#nowMs = endMs;
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let index = heap.push(task) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || !isBefore(task, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = task;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (!left) break;
      if (right && isBefore(right, left)) child++;
      const next = heap[child];
      if (!next || !isBefore(next, last)) break;
      heap[index] = next;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}

/** Something with a clock of its own: a process that may be killed or stand still, a browser that sleeps. */
export class Actor {
  readonly #time: VirtualTime;
  readonly #cancels = new Set<() => void>();
  #frozenUntilMs = 0;
  /** What waits for the end of its standing still. */
  readonly #due: (() => void)[] = [];
  isDead = false;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  readonly clock: NodeClock = {
    now: () => this.#time.nowMs,
    random: () => this.#time.random(),
    after: (ms, task) => this.#after(ms, task),
    soon: (task) => this.#after(0, task),
  };

  /** Timers that it has not called off. */
  get timers(): number {
    return this.#cancels.size;
  }

  get isFrozen(): boolean {
    return this.#time.nowMs < this.#frozenUntilMs;
  }

  /** Runs nothing for as long; then all that has become due meanwhile. */
  freeze(ms: number): void {
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.#time.nowMs + ms);
  }

  /** Ends without a word. */
  kill(): void {
    this.isDead = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  #after(ms: number, task: () => void): () => void {
    if (this.isDead) return () => undefined;
    let isOff = false;
    const callOff = (): void => {
      isOff = true;
      this.#cancels.delete(callOff);
      cancel();
    };
    const run = (): void => {
      if (isOff) return;
      this.#cancels.delete(callOff);
      task();
    };
    const cancel = this.#time.after(ms, () => {
      // What has become due while it stood still runs in that order, and before all else.
      if (this.isFrozen || this.#due.length > 0) this.#wait(run);
      else run();
    });
    this.#cancels.add(callOff);
    return callOff;
  }

  #wait(run: () => void): void {
    this.#due.push(run);
    if (this.#due.length === 1) this.#thaw();
  }

  #thaw(): void {
    this.#time.after(this.#frozenUntilMs - this.#time.nowMs, () => {
      if (this.isDead) return;
      if (this.isFrozen) return this.#thaw();
      const run = this.#due[0];
      run?.();
      this.#due.shift();
      if (this.#due.length > 0) this.#thaw();
    });
  }
}
