import type { Knex } from 'knex';
import { runStatements } from './statements';

/** What the pages of each version load, for the nodes of the other versions. */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    create table kept_assets (
      -- Holds a hash of the body, which therefore never changes.
      name text primary key check (name ~ '^[A-Za-z0-9._-]{1,200}$'),
      body bytea not null,
      -- When a node last had it among its own files.
      seen_at timestamptz not null default now()
    );
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(knex, 'drop table kept_assets');
}
