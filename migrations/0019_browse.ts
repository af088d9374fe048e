import type { Knex } from 'knex';

/** Genres of a series, and the order in which visitors leaf through all series. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table series add column genres text[] not null default '{}'
      check (array_position(genres, null) is null and cardinality(genres) <= 20);

    create or replace view public_series as
      ${PUBLIC_SERIES}, genres
      from series
      where visible;
  `);
  await knex.raw(LISTED_SERIES);
  await knex.raw(TRIGGERS);
}

export async function down(knex: Knex): Promise<void> {
  // A view can be given more columns, but not fewer. Nothing else hangs on it than functions, which name it.
  await knex.raw(`
    drop trigger list_series_after_insert on series;
    drop trigger list_series_after_update on series;
    drop function list_inserted_series(), list_updated_series();
    drop function list_series(bigint[]);
    drop table listed_series;

    drop view public_series;
    create view public_series as ${PUBLIC_SERIES} from series where visible;
    alter table series drop column genres;
  `);
}

/** As 0001 has it. */
const PUBLIC_SERIES = `
  select id as series_id, slug, title, title_language, title_native, native_language, synonyms, synopsis,
         kind, season_year, season, begins_at, ends_at, links, poster`;

/**
 * Each public series once for each of its genres, and once for none of them ('', which is all series): a series has several genres,
 * and no index spans a list of them and an order. The order is that of the slugs, byte by byte: they are the titles in ASCII,
 * whatever their script. It decides nothing: what is in it is what the view public_series says.
 */
const LISTED_SERIES = `
  create table listed_series (
    series_id bigint not null references series on delete cascade,
    genre text not null,
    slug text collate "C" not null,
    kind text not null,
    season_year smallint,
    season text,
    primary key (series_id, genre)
  );
  insert into listed_series (series_id, genre, slug, kind, season_year, season)
    select series_id, '', slug, kind, season_year, season from public_series order by slug collate "C";
  create index listed_series_all on listed_series (genre, slug, series_id);
  create index listed_series_by_kind on listed_series (genre, kind, slug, series_id);
  create index listed_series_by_season on listed_series (genre, season_year, season, slug, series_id)
    where season is not null;
  create index listed_series_by_season_and_kind on listed_series (genre, season_year, season, kind, slug, series_id)
    where season is not null;
`;

/** Statement triggers, so that an import of 8,000 series lists them at once. */
const TRIGGERS = `
  create function list_series(changed bigint[]) returns void language plpgsql as $$
  begin
    if cardinality(changed) = 0 then
      return;
    end if;
    delete from listed_series where series_id = any (changed);
    insert into listed_series (series_id, genre, slug, kind, season_year, season)
      select p.series_id, listed.genre, p.slug, p.kind, p.season_year, p.season
      from public_series p cross join lateral (select distinct unnest(array[''] || p.genres) as genre) as listed
      where p.series_id = any (changed);
  end $$;

  create function list_inserted_series() returns trigger language plpgsql as $$
  begin
    perform list_series(array(select id from new_rows));
    return null;
  end $$;
  create trigger list_series_after_insert after insert on series
    referencing new table as new_rows
    for each statement execute function list_inserted_series();

  create function list_updated_series() returns trigger language plpgsql as $$
  begin
    perform list_series(array(
      select n.id
      from new_rows n join old_rows o using (id)
      where (n.visible, n.slug, n.kind, n.season_year, n.season, n.genres)
        is distinct from (o.visible, o.slug, o.kind, o.season_year, o.season, o.genres)));
    return null;
  end $$;
  create trigger list_series_after_update after update on series
    referencing old table as old_rows new table as new_rows
    for each statement execute function list_updated_series();
`;
