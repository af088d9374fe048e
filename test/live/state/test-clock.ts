import { type Clock, systemClock } from '../../../src/live/state/clock';

/** The clock of the machine as Jest fakes it; a test may put in its own chance with `Math.random`. */
export const testClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: systemClock.after,
};
