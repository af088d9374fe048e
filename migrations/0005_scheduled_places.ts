import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * A scheduled episode has no place in the grid yet, and is new when it gets one. Those that were published before they were
 * scheduled kept the place that they had; nobody sees them, so nobody has to be told.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    update episodes set published_at = null, first_public_at = null
    where status = 'scheduled' and (published_at is not null or first_public_at is not null)
  `,
  );
}

/** What was dropped is not needed by anything. */
export async function down(): Promise<void> {}
