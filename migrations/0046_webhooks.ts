import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * Whom the site tells what has happened, and what became of each telling. For it, the journal says which episodes anybody could see
 * before an act and can see after it; a node of the version before leaves that out, which means that nobody knows.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    alter table journal add column visibility jsonb;

    create table webhooks (
      id bigint generated always as identity primary key,
      name text not null check (name <> '' and length(name) <= 60),
      url text not null check (url <> '' and length(url) <= 2048),
      format text not null check (format in ('json', 'discord')),
      events text[] not null check (cardinality(events) between 1 and 20),
      enabled boolean not null default true,
      -- Why the site itself has switched it off.
      stopped_for text check (length(stopped_for) <= 300),
      -- Sealed with the secret of the site. The former one is good until then.
      secret bytea not null,
      former_secret bytea,
      former_secret_until timestamptz(3),
      created_at timestamptz(3) not null default now(),
      -- What was done before is not told: it was made or switched on then.
      listens_from timestamptz(3) not null default now(),
      -- Nothing was delivered since.
      failing_since timestamptz(3),
      -- Its target is away, or asked to be left alone until then.
      paused_until timestamptz(3)
    );

    create table webhook_deliveries (
      id bigint generated always as identity primary key,
      webhook_id bigint not null references webhooks on delete cascade,
      event_id text not null check (length(event_id) <= 60),
      type text not null check (length(type) <= 60),
      body text not null,
      created_at timestamptz(3) not null default now(),
      state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
      attempts integer not null default 0 check (attempts >= 0),
      -- Not before; null when there is nothing more to do.
      next_at timestamptz(3) default now(),
      -- A node is at it; if that one has died, another may after this time.
      claimed_until timestamptz(3),
      tried_at timestamptz(3),
      status integer,
      took_ms integer,
      -- How the answer began, and what was wrong.
      answer text check (length(answer) <= 500),
      problem text check (length(problem) <= 300),
      check ((state = 'waiting') = (next_at is not null))
    );
    create index webhook_deliveries_of on webhook_deliveries (webhook_id, id desc);
    create index webhook_deliveries_waiting on webhook_deliveries (webhook_id, next_at, id) where state = 'waiting';
    create index webhook_deliveries_by_age on webhook_deliveries (created_at);
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    drop table webhook_deliveries, webhooks;
    delete from journal_readers where name = 'webhooks';
    alter table journal drop column visibility;
  `,
  );
}
