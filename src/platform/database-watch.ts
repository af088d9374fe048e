import { createAvailability } from './availability';
import type { Database } from './database';
import { databaseTrouble } from './database-errors';
import type { Logger } from './log';

/** What the database refuses, it mostly refuses many in a row: one line for each reason in this time. */
const REFUSAL_PAUSE_MS = 60_000;

/** Knows from the queries of this process whether Postgres is there, and logs when that changes. */
export type DatabaseWatch = {
  /** Returns whether the error is the database's "not now". If so, the log has it in one line, now or already. */
  noticed(error: unknown): boolean;
};

/**
 * @param dbs the pools that are watched, all of the same database
 * @param onChange called with the state at once, and whenever it changes
 */
export function watchDatabase(
  dbs: readonly Database[],
  log: Logger,
  onChange: (isUp: boolean) => void = () => undefined,
): DatabaseWatch {
  const availability = createAvailability({ name: 'Postgres', log, onChange });
  const lastToldMs = new Map<string, number>();
  const noticed = (error: unknown): boolean => {
    const trouble = databaseTrouble(error);
    if (!trouble) return false;
    const { kind, code, reason } = trouble;
    if (kind === 'away') {
      availability.failed(reason);
      return true;
    }
    const nowMs = performance.now();
    if (nowMs - (lastToldMs.get(code) ?? Number.NEGATIVE_INFINITY) >= REFUSAL_PAUSE_MS) {
      lastToldMs.set(code, nowMs);
      log.warn({ code, reason }, 'Postgres refuses for the moment');
    }
    return true;
  };
  for (const db of dbs) {
    db.on('query-response', () => availability.succeeded());
    db.on('query-error', noticed);
    // Code that waits for a connection in vain gets an error, and its queries, which never run, emit no event.
    for (const event of ['createFail', 'acquireFail']) {
      db.client.pool.on(event, (_eventId: unknown, error: unknown) => noticed(error));
    }
  }
  return { noticed };
}
