/** Time and chance, given to whatever depends on them, so that a simulation can run days of them in a moment. */
export type Clock = {
  /** Milliseconds since a moment that stays the same; never goes back. */
  readonly now: () => number;
  /** At least 0, below 1. */
  readonly random: () => number;
  /** Runs `task` once, after `ms` milliseconds. Returns a function that calls it off. */
  readonly after: (ms: number, task: () => void) => () => void;
};

/** The clock of the machine, in Node and in a browser. */
export const systemClock: Clock = {
  now: () => performance.now(),
  random: Math.random,
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
