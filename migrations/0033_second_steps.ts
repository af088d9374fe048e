import type { Knex } from 'knex';
import { runStatements } from './statements';

/** What is asked for after the password. A node of the version before asks for the password alone. */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    create table authenticator_apps (
      admin_id bigint primary key references admin_users on delete cascade,
      -- Sealed with the secret of the site: whoever has the database alone can make no codes.
      sealed_secret bytea not null,
      created_at timestamptz(3) not null default now(),
      -- Null until a code has shown that the app has the secret.
      confirmed_at timestamptz(3),
      -- Of the last code that was taken, so that none is taken twice (RFC 6238, 5.2).
      last_step bigint not null default 0
    );
    create table recovery_codes (
      admin_id bigint not null references admin_users on delete cascade,
      -- SHA-256; a code has 79 random bits.
      code_hash bytea not null check (length(code_hash) = 32),
      primary key (admin_id, code_hash)
    );
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(knex, 'drop table recovery_codes, authenticator_apps');
}
