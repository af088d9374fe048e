import type { Knex } from 'knex';

/** What the back office draws of the last day: how many watched, and how much changed, minute by minute. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table site_minutes (
      minute timestamptz(0) primary key,
      browsers integer not null check (browsers >= 0),
      changes integer not null check (changes >= 0)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table site_minutes');
}
