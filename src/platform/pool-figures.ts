import type { Database, SessionPool } from './database';

/** Connections of a pool just now. */
export type PoolFigures = {
  readonly used: number;
  readonly idle: number;
  /** Callers without one. */
  readonly waiting: number;
  /** As many as it may open. */
  readonly max: number;
};

export function figuresOfDatabase({ client: { pool } }: Database): PoolFigures {
  return {
    used: pool.numUsed(),
    idle: pool.numFree(),
    waiting: pool.numPendingAcquires(),
    max: pool.max,
  };
}

export function figuresOfPool({ totalCount, idleCount, waitingCount, options }: SessionPool): PoolFigures {
  return {
    used: totalCount - idleCount,
    idle: idleCount,
    waiting: waitingCount,
    max: options.max,
  };
}
