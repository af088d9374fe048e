export type HashQueueLimits = {
  readonly maxAtOnce: number;
  /** Of each lane. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
};

/**
 * Libuv has four threads for all that Node does not do itself: with three of them at passwords one is left for files and names.
 * A password takes about 20 ms, so that whoever waits waits for a tenth of a second.
 */
const LIMITS: HashQueueLimits = { maxAtOnce: 3, maxWaiting: 15, maxWaitMs: 2_000 };

/** Who is let in first: those who were let in before. A crowd of strangers fills its own lane only. */
export type Lane = 'known' | 'stranger';

/** Lets in few at a time: each password that is compared costs 19 MB and a core. */
export class HashQueue {
  readonly #limits: HashQueueLimits;
  readonly #waiting: Readonly<Record<Lane, Set<() => void>>> = { known: new Set(), stranger: new Set() };
  #running = 0;

  constructor(limits: HashQueueLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Resolves with what has to be called at the end of the work, or with undefined when the turn would come too late. */
  async enter(lane: Lane): Promise<(() => void) | undefined> {
    const { maxAtOnce, maxWaiting } = this.#limits;
    if (this.#running < maxAtOnce) {
      this.#running += 1;
      return this.#leaveOnce();
    }
    if (this.#waiting[lane].size >= maxWaiting) return undefined;
    return (await this.#turn(lane)) ? this.#leaveOnce() : undefined;
  }

  /** The place is handed on: until the turn comes nobody else can take it. */
  #turn(lane: Lane): Promise<boolean> {
    const waiting = this.#waiting[lane];
    return new Promise((resolve) => {
      const comeIn = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        waiting.delete(comeIn);
        resolve(false);
      }, this.#limits.maxWaitMs);
      waiting.add(comeIn);
    });
  }

  #leaveOnce(): () => void {
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const { known, stranger } = this.#waiting;
      const lane = known.size > 0 ? known : stranger;
      const [next] = lane;
      if (!next) {
        this.#running -= 1;
        return;
      }
      lane.delete(next);
      next();
    };
  }
}
