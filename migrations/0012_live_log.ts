import type { Knex } from 'knex';

/**
 * A log that points: a row names the item and the topics that it touches, and quotes nothing. The names of before stay as views for
 * nodes of the version before, which still run while this one is rolled out: they read what this one writes (they look up by
 * themselves what a row doesn't tell), and what they write arrives here.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table catalog_head rename to live_head;
    create table live_log (
      seq bigint primary key,
      kind text not null,
      key text not null,
      topics text[] not null,
      type text not null,
      is_new boolean not null default false,
      created_at timestamptz(3) not null default now()
    );
    insert into live_log (seq, kind, key, topics, type, is_new, created_at)
      select c.seq, case when c.episode_id is null then '' else 'episode' end, coalesce(c.episode_id::text, ''),
             array_remove(array['latest', 'series:' || e.series_id], null), c.type,
             coalesce(c.payload->>'isNew', 'false')::boolean, c.created_at
      from change_log c left join episodes e on e.id = c.episode_id;
    create index live_log_by_age on live_log (created_at);
    drop table change_log;

    create view catalog_head as select only_row, epoch, seq, history from live_head;
    -- Rows of kinds that those nodes don't know keep their numbers, and say that there is no episode 0.
    create view change_log as
      select seq,
             case when kind in ('episode', '') then type else 'remove' end as type,
             case kind when 'episode' then key::bigint when '' then null else 0 end as episode_id,
             case when kind = 'episode' and type = 'upsert' then jsonb_build_object('isNew', is_new) end as payload,
             created_at
      from live_log;
    create function log_change_of_older_node() returns trigger language plpgsql as $$
    begin
      insert into live_log (seq, kind, key, topics, type, is_new)
      values (
        new.seq,
        case when new.episode_id is null then '' else 'episode' end,
        coalesce(new.episode_id::text, ''),
        array_remove(array['latest', 'series:' || (select series_id from episodes where id = new.episode_id)], null),
        new.type,
        coalesce(new.payload->>'isNew', 'false')::boolean);
      return new;
    end $$;
    create trigger log_change_of_older_node instead of insert on change_log
      for each row execute function log_change_of_older_node();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop view change_log, catalog_head;
    drop function log_change_of_older_node();
    alter table live_head rename to catalog_head;
    create table change_log (
      seq bigint primary key,
      type text not null check (type in ('upsert', 'remove', 'reset')),
      episode_id bigint,
      payload jsonb,
      created_at timestamptz(3) not null default now(),
      check ((type = 'reset') = (episode_id is null)),
      check ((type = 'upsert') = (payload is not null))
    );
    create index change_log_by_age on change_log (created_at);
    insert into change_log (seq, type, episode_id, payload, created_at)
      select seq,
             case when kind = '' then 'reset' when kind = 'episode' then type else 'remove' end,
             case kind when 'episode' then key::bigint when '' then null else 0 end,
             case when kind = 'episode' and type = 'upsert' then jsonb_build_object('isNew', is_new) end,
             created_at
      from live_log;
    drop table live_log;
  `);
}
