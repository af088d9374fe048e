import type { Knex } from 'knex';

/**
 * Two states of a database belong to one history when they have the same system identifier (a cluster that was made anew
 * has another one), timeline (each promotion and each point-in-time recovery begins another) and database (one that was
 * dropped and restored has another oid). On a replica that has not taken over, the history can't be told: null.
 * https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function database_history() returns text stable language plpgsql as $$
    begin
      if pg_is_in_recovery() then
        return null;
      end if;
      return concat_ws('.',
        (select system_identifier from pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (select oid from pg_database where datname = current_database()));
    exception when insufficient_privilege or undefined_function then
      return null;
    end $$;
    create function new_epoch() returns text volatile language sql
      return substr(md5(random()::text || clock_timestamp()::text), 1, 8);
    -- Null until somebody has looked: then it is this one's, whatever it is.
    alter table catalog_head add column history text;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table catalog_head drop column history;
    drop function database_history(), new_epoch();
  `);
}
