import { setTimeout as sleep } from 'node:timers/promises';
import { FloodTarget } from './flood-target';
import { OPERATION_KINDS, type Operation, type OperationKind, planFlood } from './plan';
import { SiteApiError, type SiteApiOptions } from './site-api';

export type FloodOptions = SiteApiOptions & {
  readonly seed: number;
  /** Changes a second; 10. */
  readonly rate?: number;
  /** Ends after so many changes; with neither this nor `seconds` after 500. */
  readonly changes?: number;
  /** Ends after so many seconds. */
  readonly seconds?: number;
  /** Of an existing series; without it, one is created. */
  readonly seriesId?: string;
  /** Stands in every text of what is not public, and in none of what is. Only `A-Z a-z 0-9 . _ -`. */
  readonly marker?: string;
  /** Requests under way at once; 8. */
  readonly concurrency?: number;
  /** Ends the flood early; what is under way is still awaited. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FloodProgress) => void;
};

export type FloodProgress = {
  readonly done: number;
  /** How many it is going to be, as far as that is known. */
  readonly total: number;
};

export type FloodResult = {
  readonly seed: number;
  readonly series: { readonly id: string; readonly title: string };
  /** Changes that were made, by kind. */
  readonly counts: Readonly<Record<OperationKind, number>>;
  readonly done: number;
  /** Changes that the site refused or did not take in time. */
  readonly errors: readonly { readonly kind: OperationKind; readonly message: string }[];
  /** Changes to an episode that could not be created. */
  readonly skipped: number;
  /** Tries beyond the first, by reason. */
  readonly retries: Readonly<Record<string, number>>;
  readonly durationMs: number;
  /** Changes a second that were achieved. */
  readonly rate: number;
};

const DEFAULT_RATE = 10;
const DEFAULT_CHANGES = 500;
const DEFAULT_CONCURRENCY = 8;

/**
 * Posts, edits, hides and deletes episodes by the API at a steady rate. The same seed makes the same changes. Those of
 * one episode follow each other; those of different ones overlap.
 * @throws {SiteApiError} when the site can't be used at all: no answer, a token that it refuses, no such series
 */
export async function runFlood(options: FloodOptions): Promise<FloodResult> {
  const retries: Record<string, number> = {};
  const onRetry = (reason: string): void => {
    retries[reason] = (retries[reason] ?? 0) + 1;
    options.onRetry?.(reason);
  };
  const target = await FloodTarget.open({ ...options, onRetry }, options);
  const startedMs = performance.now();
  const tally = new Tally(options);
  await paced(planFlood(options.seed, options.marker), options, startedMs, async (operation, before) => {
    // What an episode that was never created would have become.
    if (operation.type !== 'create' && before === undefined) {
      tally.skip();
      return undefined;
    }
    try {
      const episodeId = await target.carryOut(operation, before);
      tally.count(operation.kind);
      return episodeId;
    } catch (error) {
      if (!(error instanceof SiteApiError) || error.status === 401) throw error;
      tally.fail(operation.kind, error.message);
      return before;
    }
  });
  const durationMs = performance.now() - startedMs;
  const { counts, done, errors, skipped } = tally;
  return {
    seed: options.seed,
    series: target.series,
    counts,
    done,
    errors,
    skipped,
    retries,
    durationMs,
    rate: (done * 1_000) / durationMs,
  };
}

/**
 * Starts the operations of the plan one by one, each at its time, and waits for them all.
 * @param carryOut gets the id that the episode's operation before returned, and returns it for the next one
 */
async function paced(
  plan: Iterable<Operation>,
  options: FloodOptions,
  startedMs: number,
  carryOut: (operation: Operation, episodeId: string | undefined) => Promise<string | undefined>,
): Promise<void> {
  const {
    rate = DEFAULT_RATE,
    concurrency = DEFAULT_CONCURRENCY,
    seconds = Number.POSITIVE_INFINITY,
  } = options;
  const running = new Set<Promise<unknown>>();
  /** By episode: its last operation. */
  const latest = new Map<number, Promise<string | undefined>>();
  const changes = changesWanted(options);
  let started = 0;
  for (const operation of plan) {
    const dueMs = startedMs + (started * 1_000) / rate;
    if (started++ >= changes || dueMs >= startedMs + seconds * 1_000) break;
    await sleepUntil(dueMs, options.signal);
    while (running.size >= concurrency) await Promise.race(running);
    if (options.signal?.aborted) break;
    const before = latest.get(operation.episode) ?? Promise.resolve(undefined);
    const task = before.then((episodeId) => carryOut(operation, episodeId));
    if (operation.type === 'delete') latest.delete(operation.episode);
    else latest.set(operation.episode, task);
    const tracked: Promise<unknown> = task.then(() => running.delete(tracked));
    // The loop's end awaits it; until then nobody handles its failure.
    tracked.catch(() => undefined);
    running.add(tracked);
  }
  await Promise.all(running);
}

function changesWanted({ changes, seconds }: FloodOptions): number {
  return changes ?? (seconds === undefined ? DEFAULT_CHANGES : Number.POSITIVE_INFINITY);
}

async function sleepUntil(dueMs: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = dueMs - performance.now();
  if (waitMs <= 0 || signal?.aborted) return;
  await sleep(waitMs, undefined, signal && { signal }).catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
}

/** Counts the outcomes of the operations, and reports how far they are. */
class Tally {
  readonly counts = Object.fromEntries(OPERATION_KINDS.map((kind) => [kind, 0])) as Record<
    OperationKind,
    number
  >;
  readonly errors: { kind: OperationKind; message: string }[] = [];
  done = 0;
  skipped = 0;
  readonly #onProgress: FloodOptions['onProgress'];
  readonly #total: number;

  constructor(options: FloodOptions) {
    this.#onProgress = options.onProgress;
    const bySeconds = Math.ceil(
      (options.seconds ?? Number.POSITIVE_INFINITY) * (options.rate ?? DEFAULT_RATE),
    );
    this.#total = Math.min(changesWanted(options), bySeconds);
  }

  count(kind: OperationKind): void {
    this.counts[kind]++;
    this.done++;
    this.#tell();
  }

  fail(kind: OperationKind, message: string): void {
    this.errors.push({ kind, message });
    this.#tell();
  }

  skip(): void {
    this.skipped++;
    this.#tell();
  }

  #tell(): void {
    this.#onProgress?.({ done: this.done + this.errors.length + this.skipped, total: this.#total });
  }
}
