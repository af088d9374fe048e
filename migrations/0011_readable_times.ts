import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * Times that JavaScript and every form can hold. Postgres knows others (`infinity`, years before 1), and one of them would
 * take every page with it that has its row. Not valid for rows that are there already: none can be by what the site accepts.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    alter table episodes
      add constraint episodes_readable_times check (
        ${isReadable('publish_at')} and ${isReadable('published_at')} and ${isReadable('first_public_at')}) not valid;
    alter table series
      add constraint series_readable_times check (${isReadable('begins_at')} and ${isReadable('ends_at')}) not valid;
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    alter table episodes drop constraint episodes_readable_times;
    alter table series drop constraint series_readable_times;
  `,
  );
}

function isReadable(column: string): string {
  return `(${column} >= '0001-01-01T00:00:00Z' and ${column} < '10000-01-01T00:00:00Z') is not false`;
}
