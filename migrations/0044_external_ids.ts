import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * What other systems know a series or an episode by. Of two episodes with the same one, one is deleted, as with numbers. And what a
 * script reads that follows the catalog: what was changed since a time, in that order.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    alter table series add column external_id text check (external_id <> '' and length(external_id) <= 200);
    alter table episodes add column external_id text check (external_id <> '' and length(external_id) <= 200);
    create unique index series_external_id_taken on series (external_id) where external_id is not null;
    create unique index episodes_external_id_taken on episodes (external_id)
      where external_id is not null and deleted_at is null;
    create index series_by_change on series (updated_at, id);
    create index episodes_by_change on episodes (updated_at, id);
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    drop index series_by_change, episodes_by_change;
    alter table series drop column external_id;
    alter table episodes drop column external_id;
  `,
  );
}
