import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * The list of all episodes in the orders that admins choose. Without these a page of it sorts the whole catalog, which takes 50 ms
 * with 43,000 episodes.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    create index episodes_listed_by_published on episodes (coalesce(published_at, '-infinity'::timestamptz) desc, id desc)
      where deleted_at is null;
    create index episodes_listed_by_due on episodes (coalesce(publish_at, 'infinity'::timestamptz), id) where deleted_at is null;
    create index episodes_listed_by_number on episodes (number, id) where deleted_at is null;
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    drop index episodes_listed_by_number;
    drop index episodes_listed_by_due;
    drop index episodes_listed_by_published;
  `,
  );
}
