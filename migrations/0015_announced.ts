import type { Knex } from 'knex';

/**
 * A scheduled episode may be announced: then its series, kind, number and time are public, and nothing else of it. The view is the
 * one definition of that, as `public_episodes` is of what is published.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table episodes add column announced boolean not null default false;

    create index episodes_announced on episodes (publish_at)
      where announced and status = 'scheduled' and deleted_at is null;

    create view announced_episodes as
      select e.id as episode_id, e.kind, e.number, e.publish_at,
             s.id as series_id, s.slug as series_slug, s.title as series_title, s.title_language as series_title_language
      from episodes e
      join series s on s.id = e.series_id
      where s.visible and e.announced and e.status = 'scheduled' and e.deleted_at is null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop view announced_episodes;
    drop index episodes_announced;
    alter table episodes drop column announced;
  `);
}
