import type { Knex } from 'knex';

/** What a card says of the languages in which an episode can be heard and read: of its enabled video servers. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace view public_episodes as
      ${SELECT},
             s.native_language as series_native_language,
             ${languages('audio_language')} as audio_languages,
             ${languages('subtitle_language')} as subtitle_languages
      ${FROM};
  `);
}

export async function down(knex: Knex): Promise<void> {
  // A view can be given more columns, but not fewer. Nothing else hangs on it than functions, which name it.
  await knex.raw(`
    drop view public_episodes;
    create view public_episodes as ${SELECT} ${FROM};
  `);
}

function languages(column: string): string {
  return `array(select distinct v.${column} from video_servers v
    where v.episode_id = e.id and v.enabled and v.${column} is not null order by 1)`;
}

/** As 0001 has it. */
const SELECT = `
  select e.id as episode_id, e.kind, e.number, e.title, e.synopsis, e.duration_seconds, e.still, e.published_at,
         s.id as series_id, s.slug as series_slug, s.title as series_title,
         s.title_language as series_title_language, s.kind as series_kind, s.season_year, s.season, s.poster`;
const FROM = `
  from episodes e
  join series s on s.id = e.series_id
  where s.visible
    and e.status = 'published'
    and e.deleted_at is null
    and exists (select 1 from video_servers v where v.episode_id = e.id and v.enabled)`;
