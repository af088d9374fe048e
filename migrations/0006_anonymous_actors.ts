import type { Knex } from 'knex';

/** The audit log also tells of those who were not let in. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table audit_log drop constraint audit_log_actor_kind_check;
    alter table audit_log add constraint audit_log_actor_kind_check
      check (actor_kind in ('admin', 'token', 'system', 'anonymous'));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from audit_log where actor_kind = 'anonymous';
    alter table audit_log drop constraint audit_log_actor_kind_check;
    alter table audit_log add constraint audit_log_actor_kind_check
      check (actor_kind in ('admin', 'token', 'system'));
  `);
}
