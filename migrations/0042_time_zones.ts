import type { Knex } from 'knex';

/** In which time zone somebody works in the back office: an IANA name. Null until one is chosen, which is UTC. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    `alter table admin_users add column time_zone text
       check (time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$')`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table admin_users drop column time_zone');
}
