import type { AuditEntry } from '../../journal/entry';
import { recordAudit } from '../../journal/journal';
import type { Database } from '../../platform/database';
import { logFailure } from '../../platform/database-errors';
import type { Logger } from '../../platform/log';

/** Of one kind of refusal, in one process. Enough to see who knocks; too little to fill a disk. */
export type RefusalBudget = { readonly perMinute: number; readonly perMinuteAndAddress: number };

const WINDOW_MS = 60_000;
/** A name that somebody typed; the longest address of an account is as long. */
const MAX_NAME_LENGTH = 254;

/**
 * Writes down who was not let in, in the log and in the journal. Anybody can be refused as often as they like, so there is a
 * limit: beyond it refusals are only counted, and the log tells how many.
 */
export class RefusalJournal {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #budget: RefusalBudget;
  readonly #writtenOf = new Map<string, number>();
  #written = 0;
  #left = 0;
  #windowEndMs = Number.NEGATIVE_INFINITY;

  constructor(db: Database, log: Logger, budget: RefusalBudget) {
    this.#db = db;
    this.#log = log;
    this.#budget = budget;
  }

  /**
   * Never throws: whoever is refused is refused whether or not it can be written.
   * @param client what the address counts as
   * @param describe makes the entry; only called when it will be written
   */
  async record(client: string, describe: () => AuditEntry | Promise<AuditEntry>): Promise<void> {
    if (!this.#isWithinBudget(client)) return;
    try {
      const entry = await describe();
      const { name: account, address } = entry.actor;
      this.#log.info({ ...entry.details, account, address, client }, `Refused: ${entry.action}`);
      await recordAudit(this.#db, entry);
    } catch (error) {
      logFailure(this.#log, error, 'A refusal could not be written to the journal');
    }
  }

  #isWithinBudget(client: string): boolean {
    if (performance.now() >= this.#windowEndMs) this.#beginWindow();
    const ofClient = this.#writtenOf.get(client) ?? 0;
    if (this.#written >= this.#budget.perMinute || ofClient >= this.#budget.perMinuteAndAddress) {
      if (this.#left === 0)
        this.#log.warn({ client }, 'Refusals come too fast: for a minute they are only counted');
      this.#left += 1;
      return false;
    }
    this.#written += 1;
    this.#writtenOf.set(client, ofClient + 1);
    return true;
  }

  #beginWindow(): void {
    if (this.#left > 0) this.#log.warn({ refusals: this.#left }, 'Refusals that were only counted');
    this.#windowEndMs = performance.now() + WINDOW_MS;
    this.#writtenOf.clear();
    this.#written = 0;
    this.#left = 0;
  }
}

/** Text that somebody typed as a name for the log: one that Postgres can hold, and not a long one. */
export function typedName(text: string): string {
  return text.slice(0, MAX_NAME_LENGTH).replace(/[\p{Cc}\p{Cf}\p{Surrogate}]/gu, '\ufffd');
}
