import type { Knex } from 'knex';

/**
 * Lists of followed series that somebody's feed reader or calendar asks for. Nothing says whose they are: whoever knows the token may
 * read and change one, and only its hash is kept.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table follow_lists (
      token_hash bytea primary key check (length(token_hash) = 32),
      series_ids bigint[] not null check (cardinality(series_ids) <= 300),
      -- The last day on which it was asked for: what nobody has read for long is forgotten.
      read_on date not null default current_date
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table follow_lists');
}
