import { type Clock, systemClock } from '../state/clock';

/** A browser's `performance.now()` stands still while the machine sleeps, and how long nothing was heard must not. */
export const browserClock: Clock = { ...systemClock, now: () => Date.now() };
