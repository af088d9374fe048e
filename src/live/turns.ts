import { type Clock, systemClock } from './state/clock';

/** The clock of a node, which also knows turns of the event loop. */
export type NodeClock = Clock & {
  /** Runs `task` in the next turn, after what has arrived meanwhile. Returns a function that calls it off. */
  readonly soon: (task: () => void) => () => void;
};

export const nodeClock: NodeClock = {
  ...systemClock,
  soon: (task) => {
    const turn = setImmediate(task);
    return () => clearImmediate(turn);
  },
};
