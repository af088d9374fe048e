import type { Knex } from 'knex';
import { runStatements } from './statements';

/** Who was an admin before there were roles still is. A node of the version before takes an editor for one, too. */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    alter table admin_users
      add column role text not null default 'admin' check (role in ('admin', 'editor'));

    -- Links by which somebody chooses a password: who is invited, and who has lost theirs.
    create table account_links (
      id bigint generated always as identity primary key,
      -- SHA-256 of the token in the link: it has 256 random bits, so a slow hash would add nothing.
      token_hash bytea not null unique check (length(token_hash) = 32),
      -- Of an invitation.
      email text check (email like '%_@_%' and length(email) <= 254),
      role text check (role in ('admin', 'editor')),
      -- Of a password that was lost.
      admin_id bigint references admin_users on delete cascade,
      created_at timestamptz(3) not null default now(),
      created_by text not null,
      expires_at timestamptz(3) not null,
      check ((admin_id is null) = (email is not null) and (email is null) = (role is null))
    );
    create unique index account_links_email on account_links (lower(email));
    create unique index account_links_admin on account_links (admin_id);
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    drop table account_links;
    -- The version before would take these for admins.
    delete from admin_users where role <> 'admin';
    alter table admin_users drop column role;
  `,
  );
}
