import type { Knex } from 'knex';

/** The trash lists what was deleted, the latest first. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index episodes_deleted on episodes (deleted_at desc, id desc) where deleted_at is not null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index episodes_deleted');
}
