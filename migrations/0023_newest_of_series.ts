import type { Knex } from 'knex';

/** The newest episodes of one series, and of the series that somebody follows, without reading all that they have. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index episodes_of_series_by_time on episodes (series_id, published_at desc, id desc)
      where status = 'published' and deleted_at is null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index episodes_of_series_by_time');
}
