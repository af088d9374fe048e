import type { Knex } from 'knex';
import { runStatements } from './statements';

/** What was answered to requests of scripts that may be sent again, for a day. Without a status: it is being found out. */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    create table api_answers (
      token_id bigint not null references api_tokens on delete cascade,
      key text not null check (key <> '' and length(key) <= 255),
      request_hash bytea not null,
      claimed_at timestamptz(3) not null default now(),
      status smallint,
      headers jsonb,
      body text,
      primary key (token_id, key),
      check ((status is null) = (body is null) and (status is null) = (headers is null))
    );
    create index api_answers_by_age on api_answers (claimed_at);
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(knex, 'drop table api_answers');
}
