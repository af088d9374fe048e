import type { Knex } from 'knex';
import { runStatements } from './statements';

/** Tokens that are there already, and those of a node of the version before, may do everything and last for ever, as they did. */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    alter table api_tokens
      add column scopes text[] not null default '{read,episodes:write,series:write}' check (cardinality(scopes) > 0),
      add column expires_at timestamptz(3);
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    -- The version before would let these do everything, for ever.
    update api_tokens set revoked_at = now()
    where revoked_at is null
      and (expires_at is not null or not scopes @> '{read,episodes:write,series:write}');
    alter table api_tokens drop column scopes, drop column expires_at;
  `,
  );
}
