import type { Knex } from 'knex';

/** What came of the last check of a video server, for those who let the site check them by night. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table server_checks (
      video_server_id bigint primary key references video_servers on delete cascade,
      -- The address that was checked: of another one nothing is known.
      url text not null,
      checked_at timestamptz(3) not null default now(),
      state text not null check (state in ('answers', 'doubtful', 'fails')),
      said text not null check (length(said) <= 300),
      failing_since timestamptz(3),
      check ((state = 'fails') = (failing_since is not null))
    );
    create index server_checks_failing on server_checks (failing_since desc, video_server_id desc) where state = 'fails'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table server_checks');
}
