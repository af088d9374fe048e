import type { Knex } from 'knex';
import { runStatements } from './statements';

/** Passkeys, each the public half of a key that a device or a security key keeps. */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    create table passkeys (
      id bigint generated always as identity primary key,
      admin_id bigint not null references admin_users on delete cascade,
      -- In base64url, as browsers name it.
      credential_id text not null unique check (length(credential_id) <= 2000),
      public_key bytea not null,
      -- How often it was used, where it counts: one that goes back is a copy.
      counter bigint not null,
      transports text[] not null default '{}',
      name text not null check (name <> '' and length(name) <= 60),
      created_at timestamptz(3) not null default now(),
      last_used_at timestamptz(3)
    );
    create index passkeys_of_admin on passkeys (admin_id);
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(knex, 'drop table passkeys');
}
