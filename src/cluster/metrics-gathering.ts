import { type MetricsSnapshot, mergeSnapshots } from '../platform/metrics';

/** A worker that is stuck must not keep the figures of the others from being read. */
const PATIENCE_MS = 2_000;

/**
 * Adds up the metrics of all workers. What workers that are gone have counted stays in the sums: a sum that fell would
 * look to Prometheus as if everything had been restarted.
 */
export class MetricsGathering {
  /** What each worker said last. */
  readonly #latest = new Map<number, MetricsSnapshot>();
  readonly #departed: MetricsSnapshot[] = [];
  readonly #missing = new Set<number>();
  #round = 0;
  #finish: () => void = () => undefined;
  #text: Promise<string> | undefined;

  /** Asks the workers by `ask`, and gives the text for Prometheus. Requests that overlap share one round. */
  read(workerIds: readonly number[], ask: (workerId: number, round: number) => void): Promise<string> {
    this.#text ??= this.#gather(workerIds, ask).finally(() => {
      this.#text = undefined;
    });
    return this.#text;
  }

  receive(workerId: number, round: number, snapshot: MetricsSnapshot): void {
    this.#latest.set(workerId, snapshot);
    if (round === this.#round) this.#arrived(workerId);
  }

  /** Keeps what a worker that is gone has counted; what it had open is no more. */
  free(workerId: number): void {
    const last = this.#latest.get(workerId);
    this.#latest.delete(workerId);
    // The types of prom-client 15 call it a number.
    if (last) this.#departed.push(last.filter(({ type }) => String(type) !== 'gauge'));
    this.#arrived(workerId);
  }

  async #gather(
    workerIds: readonly number[],
    ask: (workerId: number, round: number) => void,
  ): Promise<string> {
    this.#round += 1;
    if (workerIds.length > 0) await this.#untilAnswered(workerIds, ask);
    // One for all that ever left, not one for each.
    const departed = await mergeSnapshots(this.#departed.splice(0)).getMetricsAsJSON();
    this.#departed.push(departed);
    return mergeSnapshots([...this.#latest.values(), ...this.#departed]).metrics();
  }

  #untilAnswered(
    workerIds: readonly number[],
    ask: (workerId: number, round: number) => void,
  ): Promise<void> {
    for (const workerId of workerIds) this.#missing.add(workerId);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#finish(), PATIENCE_MS);
      this.#finish = () => {
        clearTimeout(timer);
        this.#missing.clear();
        resolve();
      };
      for (const workerId of workerIds) ask(workerId, this.#round);
    });
  }

  #arrived(workerId: number): void {
    if (this.#missing.delete(workerId) && this.#missing.size === 0) this.#finish();
  }
}
