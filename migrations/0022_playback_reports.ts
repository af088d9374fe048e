import type { Knex } from 'knex';

/** Episodes that viewers said they can't play, until an admin has looked: a row each, however many say so. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table playback_reports (
      episode_id bigint primary key references episodes (id) on delete cascade,
      reports integer not null default 1 check (reports > 0),
      first_reported_at timestamptz(3) not null default now(),
      last_reported_at timestamptz(3) not null default now(),
      server_ids bigint[] not null default '{}' check (cardinality(server_ids) <= 100)
    );
    create index playback_reports_latest on playback_reports (last_reported_at desc, episode_id desc);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table playback_reports');
}
