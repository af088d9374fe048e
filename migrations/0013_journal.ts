import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * The audit log becomes the journal: each row also says by what and from where something was done, what the subject was called, and
 * what became of its fields. A node of the version before goes on writing to `audit_log`, which is now a view of the same rows.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(knex, JOURNAL);
  await runStatements(knex, NUMBERS);
  await runStatements(knex, READERS);
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    drop view audit_log;
    drop trigger number_journal on journal;
    drop function number_journal();
    alter table journal
      drop column via, drop column address, drop column subject_label, drop column changes,
      alter column id add generated always as identity;
    select setval(pg_get_serial_sequence('journal', 'id'), (select last_id + 1 from journal_head), false);
    drop table journal_readers, journal_head;
    drop index journal_of_actor, journal_of_action, journal_by_time;
    alter index journal_of_subject rename to audit_log_of_subject;
    alter table journal rename constraint journal_actor_kind_check to audit_log_actor_kind_check;
    alter table journal rename to audit_log;
  `,
  );
}

const JOURNAL = `
  alter table audit_log rename to journal;
  alter table journal rename constraint audit_log_actor_kind_check to journal_actor_kind_check;
  alter index audit_log_of_subject rename to journal_of_subject;
  alter table journal
    add column via text check (via in ('form', 'api', 'scheduler', 'command', 'start')),
    add column address text check (length(address) <= 80),
    -- What the subject was called when it was done.
    add column subject_label text,
    -- By field: {"title": {"before": "A", "after": "B"}}; only those that differ.
    add column changes jsonb not null default '{}';
  create index journal_of_actor on journal (actor_kind, actor_id, id desc);
  create index journal_of_action on journal (action, id desc);
  create index journal_by_time on journal (at);

  create view audit_log as
    select id, at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id, details from journal;
`;

/**
 * A reader that has seen 7 must never have to look for 6 again. Numbers of a sequence are given before the commit, and a
 * transaction that began first may commit last; so the number comes from a row, whose lock is held up to the commit. By a
 * trigger, so that a row of the version before is in order, too.
 */
const NUMBERS = `
  create table journal_head (
    only_row boolean primary key default true check (only_row),
    last_id bigint not null
  );
  insert into journal_head (last_id) select coalesce(max(id), 0) from journal;
  alter table journal alter column id drop identity;
  create function number_journal() returns trigger language plpgsql as $$
  begin
    update journal_head set last_id = last_id + 1 returning last_id into strict new.id;
    return new;
  end $$;
  create trigger number_journal before insert on journal for each row execute function number_journal();
`;

const READERS = `
  create table journal_readers (
    name text primary key check (name <> '' and length(name) <= 60),
    -- The last row that it is done with.
    last_id bigint not null,
    moved_at timestamptz(3) not null default now()
  );
`;
