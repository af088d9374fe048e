import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(LATEST_EPISODES);
  await knex.raw(TRIGGERS);
  await knex.raw(LISTS);
}

export async function down(knex: Knex): Promise<void> {
  // The extension stays: it may have been there before, and others may use it.
  await knex.raw(`
    drop index series_by_search_text;
    alter table series drop column search_text;
    drop function joined_titles(text[]);
    drop index episodes_of_series, episodes_by_status;
    create index episodes_latest on episodes (published_at desc, id desc)
      where status = 'published' and deleted_at is null;

    drop trigger list_latest_episodes on series;
    drop trigger list_latest_episodes on episodes;
    drop trigger list_latest_episodes_after_insert on video_servers;
    drop trigger list_latest_episodes_after_update on video_servers;
    drop trigger list_latest_episodes_after_delete on video_servers;
    drop function latest_episodes_of_series(), latest_episodes_of_episodes(), latest_episodes_of_video_servers();
    drop function list_latest_episodes(bigint[]);
    drop table latest_episodes;
  `);
}

/**
 * The order of the grid with what it can be filtered by, so that one index has both: type and season are columns of the
 * series, the order is one of the episodes, and no index spans two tables. It decides nothing: what is in it is what the
 * view public_episodes says.
 */
const LATEST_EPISODES = `
  create table latest_episodes (
    episode_id bigint primary key references episodes on delete cascade,
    published_at timestamptz(3) not null,
    series_kind text not null,
    season_year smallint,
    season text
  );
  insert into latest_episodes (episode_id, published_at, series_kind, season_year, season)
    select episode_id, published_at, series_kind, season_year, season from public_episodes order by episode_id;
  create index latest_episodes_all on latest_episodes (published_at desc, episode_id desc);
  create index latest_episodes_by_kind on latest_episodes (series_kind, published_at desc, episode_id desc);
  create index latest_episodes_by_season on latest_episodes (season_year, season, published_at desc, episode_id desc)
    where season is not null;
  create index latest_episodes_by_season_and_kind
    on latest_episodes (season_year, season, series_kind, published_at desc, episode_id desc)
    where season is not null;
  drop index episodes_latest;
`;

/** Statement triggers, so that an import of 4,000 episodes lists them at once. */
const TRIGGERS = `
  create function list_latest_episodes(changed bigint[]) returns void language plpgsql as $$
  begin
    if cardinality(changed) = 0 then
      return;
    end if;
    -- Whoever changes episodes of the same series waits here, and then sees what the other one has committed.
    perform 1 from series
      where id in (select series_id from episodes where id = any (changed))
      order by id for no key update;
    delete from latest_episodes
      where episode_id = any (changed)
        and episode_id not in (select episode_id from public_episodes where episode_id = any (changed));
    insert into latest_episodes as l (episode_id, published_at, series_kind, season_year, season)
      select episode_id, published_at, series_kind, season_year, season
      from public_episodes where episode_id = any (changed) order by episode_id
      on conflict (episode_id) do update
        set published_at = excluded.published_at, series_kind = excluded.series_kind,
            season_year = excluded.season_year, season = excluded.season
        where (l.published_at, l.series_kind, l.season_year, l.season)
          is distinct from (excluded.published_at, excluded.series_kind, excluded.season_year, excluded.season);
  end $$;

  create function latest_episodes_of_series() returns trigger language plpgsql as $$
  begin
    perform list_latest_episodes(array(
      select e.id
      from new_rows n join old_rows o using (id) join episodes e on e.series_id = n.id
      where (n.visible, n.kind, n.season_year, n.season) is distinct from (o.visible, o.kind, o.season_year, o.season)));
    return null;
  end $$;
  create trigger list_latest_episodes after update on series
    referencing old table as old_rows new table as new_rows
    for each statement execute function latest_episodes_of_series();

  -- An episode that was just inserted has no video server yet; one that was deleted goes by its foreign key.
  create function latest_episodes_of_episodes() returns trigger language plpgsql as $$
  begin
    perform list_latest_episodes(array(
      select n.id
      from new_rows n join old_rows o using (id)
      where (n.series_id, n.status, n.published_at, n.deleted_at)
        is distinct from (o.series_id, o.status, o.published_at, o.deleted_at)));
    return null;
  end $$;
  create trigger list_latest_episodes after update on episodes
    referencing old table as old_rows new table as new_rows
    for each statement execute function latest_episodes_of_episodes();

  create function latest_episodes_of_video_servers() returns trigger language plpgsql as $$
  begin
    case tg_op
      when 'INSERT' then perform list_latest_episodes(array(select distinct episode_id from new_rows));
      when 'DELETE' then perform list_latest_episodes(array(select distinct episode_id from old_rows));
      else perform list_latest_episodes(array(
        select episode_id from new_rows union select episode_id from old_rows));
    end case;
    return null;
  end $$;
  create trigger list_latest_episodes_after_insert after insert on video_servers
    referencing new table as new_rows
    for each statement execute function latest_episodes_of_video_servers();
  create trigger list_latest_episodes_after_update after update on video_servers
    referencing old table as old_rows new table as new_rows
    for each statement execute function latest_episodes_of_video_servers();
  create trigger list_latest_episodes_after_delete after delete on video_servers
    referencing old table as old_rows
    for each statement execute function latest_episodes_of_video_servers();
`;

/** For the lists of the back office and of the API. */
const LISTS = `
  create index episodes_of_series on episodes (series_id, id) include (status) where deleted_at is null;
  create index episodes_by_status on episodes (status, id) where deleted_at is null;

  create extension if not exists pg_trgm;
  -- array_to_string is stable, since some types are written in a way that depends on settings; text is not.
  create function joined_titles(titles text[]) returns text immutable parallel safe language sql
    return array_to_string(titles, chr(10));
  alter table series add column search_text text not null generated always as (
    lower(title || chr(10) || coalesce(title_native, '') || chr(10) || joined_titles(synonyms))) stored;
  create index series_by_search_text on series using gin (search_text gin_trgm_ops);
`;
