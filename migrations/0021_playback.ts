import type { Knex } from 'knex';

/** An embedded player runs in a sandbox, unless its host refuses one; an episode says where its intro is. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table video_servers add column sandboxed boolean not null default true;

    alter table episodes add column intro jsonb check (
      intro is null or coalesce(
        (intro->>'startSeconds')::integer >= 0
        and (intro->>'endSeconds')::integer > (intro->>'startSeconds')::integer
        and (intro->>'endSeconds')::integer <= 86400, false));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table episodes drop column intro;
    alter table video_servers drop column sandboxed;
  `);
}
