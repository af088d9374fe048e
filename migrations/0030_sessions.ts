import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * Sessions say whose they are, since when and from where, so that they can be listed and ended. What names them is read out of what
 * express-session keeps, so that a row of the version before has it, too. A session that was ended stays until its time is over: a
 * request that is under way when it ends saves it once more, and must not bring it back.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    alter table admin_users
      -- The password is one that somebody else has seen.
      add column must_change_password boolean not null default false,
      add column password_changed_at timestamptz(3);

    alter table admin_sessions
      add column id bigint generated always as identity,
      add column admin_id bigint generated always as ((sess ->> 'adminId')::bigint) stored,
      add column live_id text generated always as (sess ->> 'liveId') stored,
      add column began_at timestamptz(3) not null default now(),
      add column seen_at timestamptz(3) not null default now(),
      add column ended_at timestamptz(3),
      -- Of the last request: from where, and what the browser calls itself.
      add column address text check (length(address) <= 80),
      add column browser text check (length(browser) <= 300);
    create unique index admin_sessions_id on admin_sessions (id);
    create index admin_sessions_of_admin on admin_sessions (admin_id);
    create index admin_sessions_live on admin_sessions (live_id);
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    -- The version before would take these for open.
    delete from admin_sessions where ended_at is not null;
    alter table admin_sessions
      drop column id, drop column admin_id, drop column live_id, drop column began_at, drop column seen_at, drop column ended_at,
      drop column address, drop column browser;
    alter table admin_users drop column must_change_password, drop column password_changed_at;
  `,
  );
}
