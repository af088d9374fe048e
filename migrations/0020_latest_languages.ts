import type { Knex } from 'knex';

/**
 * What the grid of the latest episodes can be filtered by besides type and season: the languages in which an episode can be heard and
 * read. And of which series an episode of the grid is, so that what was posted together can be shown together. Of an announced
 * episode the type of its series is public, too: a movie has no "Episode 1".
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace view announced_episodes as
      ${ANNOUNCED}, s.kind as series_kind ${FROM_ANNOUNCED};

    alter table latest_episodes add column series_id bigint;
    update latest_episodes l set series_id = e.series_id from episodes e where e.id = l.episode_id;
    alter table latest_episodes alter column series_id set not null;
    create index latest_episodes_of_series on latest_episodes (series_id, published_at, episode_id);
  `);
  await knex.raw(LATEST_LANGUAGES);
  await knex.raw(`
    create or replace function list_latest_episodes(changed bigint[]) returns void language plpgsql as $$
    begin
      ${LOCK}
      insert into latest_episodes as l (episode_id, series_id, published_at, series_kind, season_year, season)
        select episode_id, series_id, published_at, series_kind, season_year, season
        from public_episodes where episode_id = any (changed) order by episode_id
        on conflict (episode_id) do update
          set series_id = excluded.series_id, published_at = excluded.published_at,
              series_kind = excluded.series_kind, season_year = excluded.season_year, season = excluded.season
          where (l.series_id, l.published_at, l.series_kind, l.season_year, l.season)
            is distinct from
              (excluded.series_id, excluded.published_at, excluded.series_kind, excluded.season_year, excluded.season);
      delete from latest_languages where episode_id = any (changed);
      insert into latest_languages ${languagesOf('where p.episode_id = any (changed)')};
    end $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  // As 0003 has it. A view can be given more columns, but not fewer; nothing hangs on this one.
  await knex.raw(`
    create or replace function list_latest_episodes(changed bigint[]) returns void language plpgsql as $$
    begin
      ${LOCK}
      insert into latest_episodes as l (episode_id, published_at, series_kind, season_year, season)
        select episode_id, published_at, series_kind, season_year, season
        from public_episodes where episode_id = any (changed) order by episode_id
        on conflict (episode_id) do update
          set published_at = excluded.published_at, series_kind = excluded.series_kind,
              season_year = excluded.season_year, season = excluded.season
          where (l.published_at, l.series_kind, l.season_year, l.season)
            is distinct from (excluded.published_at, excluded.series_kind, excluded.season_year, excluded.season);
    end $$;

    drop table latest_languages;
    drop index latest_episodes_of_series;
    alter table latest_episodes drop column series_id;

    drop view announced_episodes;
    create view announced_episodes as ${ANNOUNCED} ${FROM_ANNOUNCED};
  `);
}

/** As 0015 has it. */
const ANNOUNCED = `
  select e.id as episode_id, e.kind, e.number, e.publish_at,
         s.id as series_id, s.slug as series_slug, s.title as series_title, s.title_language as series_title_language`;
const FROM_ANNOUNCED = `
  from episodes e
  join series s on s.id = e.series_id
  where s.visible and e.announced and e.status = 'scheduled' and e.deleted_at is null`;

/** As 0003 has it: what is no longer public goes out of the list. */
const LOCK = `
      if cardinality(changed) = 0 then
        return;
      end if;
      -- Whoever changes episodes of the same series waits here, and then sees what the other one has committed.
      perform 1 from series
        where id in (select series_id from episodes where id = any (changed))
        order by id for no key update;
      delete from latest_episodes
        where episode_id = any (changed)
          and episode_id not in (select episode_id from public_episodes where episode_id = any (changed));`;

/**
 * Each public episode once for each pair of a language to hear and one to read it in; '' is any. An episode has several of both, and
 * no index spans two lists and an order. That of any audio and any subtitles is in latest_episodes already.
 */
const languagesOf = (where: string): string => `
  (audio, subtitles, episode_id, series_id, published_at, series_kind, season_year, season)
  select heard.language, read.language, p.episode_id, p.series_id, p.published_at, p.series_kind, p.season_year, p.season
  from public_episodes p
  cross join lateral unnest(array[''] || p.audio_languages) as heard (language)
  cross join lateral unnest(array[''] || p.subtitle_languages) as read (language)
  ${where ? `${where} and` : 'where'} not (heard.language = '' and read.language = '')`;

const LATEST_LANGUAGES = `
  create table latest_languages (
    audio text not null,
    subtitles text not null,
    episode_id bigint not null references episodes on delete cascade,
    series_id bigint not null,
    published_at timestamptz(3) not null,
    series_kind text not null,
    season_year smallint,
    season text,
    primary key (episode_id, audio, subtitles)
  );
  insert into latest_languages ${languagesOf('')};
  create index latest_languages_all on latest_languages (audio, subtitles, published_at desc, episode_id desc);
  create index latest_languages_by_kind
    on latest_languages (audio, subtitles, series_kind, published_at desc, episode_id desc);
  create index latest_languages_by_season
    on latest_languages (audio, subtitles, season_year, season, published_at desc, episode_id desc)
    where season is not null;
  create index latest_languages_by_season_and_kind
    on latest_languages (audio, subtitles, season_year, season, series_kind, published_at desc, episode_id desc)
    where season is not null;
  create index latest_languages_of_series
    on latest_languages (series_id, audio, subtitles, published_at, episode_id);
`;
