import type { Logger } from './log';

/** Without a failure for this long, one success is enough: while a server goes down or comes up, both alternate. */
const QUIET_MS = 2_000;

/** Keeps whether something that this process depends on is there, and logs when that changes, only then. */
export type Availability = {
  /** @param reason for operators: no stack, nothing of what was asked */
  failed(reason: string): void;
  /** Costs next to nothing while all is well: call it wherever an answer came. */
  succeeded(): void;
  /** For how long it has been away, in milliseconds; undefined while it is there. */
  readonly awayMs: number | undefined;
};

/**
 * @param name as operators call it, such as `Postgres`
 * @param onChange called with the state at once, and whenever it changes
 */
export function createAvailability({
  name,
  log,
  onChange,
}: {
  readonly name: string;
  readonly log: Logger;
  readonly onChange: (isUp: boolean) => void;
}): Availability {
  let awaySinceMs: number | undefined;
  let lastFailureMs = 0;
  onChange(true);
  return {
    get awayMs() {
      return awaySinceMs === undefined ? undefined : performance.now() - awaySinceMs;
    },
    failed(reason) {
      lastFailureMs = performance.now();
      if (awaySinceMs !== undefined) return;
      awaySinceMs = lastFailureMs;
      log.warn({ reason }, `${name} is away`);
      onChange(false);
    },
    succeeded() {
      if (awaySinceMs === undefined) return;
      const nowMs = performance.now();
      if (nowMs - lastFailureMs < QUIET_MS) return;
      log.info({ awayMs: Math.round(nowMs - awaySinceMs) }, `${name} is back`);
      awaySinceMs = undefined;
      onChange(true);
    },
  };
}
