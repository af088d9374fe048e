import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table admin_users (
      id bigint generated always as identity primary key,
      email text not null check (email like '%_@_%' and length(email) <= 254),
      password_hash text not null,
      created_at timestamptz(3) not null default now()
    );
    create unique index admin_users_email on admin_users (lower(email));

    create table api_tokens (
      id bigint generated always as identity primary key,
      name text not null check (name <> '' and length(name) <= 60),
      -- SHA-256 of the token: it has 256 random bits, so a slow hash would add nothing.
      token_hash bytea not null unique check (length(token_hash) = 32),
      created_at timestamptz(3) not null default now(),
      last_used_at timestamptz(3),
      revoked_at timestamptz(3)
    );

    -- Rows outlive what they speak of, so there are no foreign keys.
    create table audit_log (
      id bigint generated always as identity primary key,
      at timestamptz(3) not null default now(),
      actor_kind text not null check (actor_kind in ('admin', 'token', 'system')),
      actor_id bigint,
      actor_name text not null,
      action text not null,
      subject_kind text not null,
      subject_id bigint,
      details jsonb not null default '{}'
    );
    create index audit_log_of_subject on audit_log (subject_kind, subject_id, id desc);

    -- The columns that connect-pg-simple expects.
    create table admin_sessions (
      sid text primary key,
      sess json not null,
      expire timestamp(6) not null
    );
    create index admin_sessions_expire on admin_sessions (expire);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table admin_sessions, audit_log, api_tokens, admin_users');
}
