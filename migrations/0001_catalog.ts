import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table series (
      id bigint generated always as identity primary key,
      slug text not null unique
        check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 100),
      title text not null check (title <> '' and length(title) <= 300),
      title_language text not null default 'en',
      title_native text check (title_native <> '' and length(title_native) <= 300),
      native_language text,
      synonyms text[] not null default '{}',
      synopsis text not null default '' check (length(synopsis) <= 10000),
      kind text not null check (kind in ('tv', 'movie', 'ova', 'web')),
      season_year smallint check (season_year between 1900 and 2999),
      season text check (season in ('winter', 'spring', 'summer', 'fall')),
      begins_at timestamptz(3),
      ends_at timestamptz(3),
      broadcast text,
      links jsonb not null default '[]',
      note text not null default '',
      poster text,
      source text unique,
      visible boolean not null default true,
      version integer not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      check ((season is null) = (season_year is null)),
      check ((title_native is null) = (native_language is null))
    );
    create index series_by_title on series (lower(title), id);
    create index series_by_season on series (season_year desc, season) where visible;

    create table episodes (
      id bigint generated always as identity primary key,
      series_id bigint not null references series on delete restrict,
      kind text not null default 'regular' check (kind in ('regular', 'special')),
      number numeric(7, 2) not null check (number >= 0),
      title text not null default '' check (length(title) <= 300),
      synopsis text not null default '' check (length(synopsis) <= 10000),
      duration_seconds integer check (duration_seconds between 1 and 86400),
      still text,
      status text not null default 'draft'
        check (status in ('draft', 'scheduled', 'published', 'hidden')),
      publish_at timestamptz(3),
      published_at timestamptz(3),
      -- When it was public for the first time: what tells a new card from one that comes back.
      first_public_at timestamptz(3),
      version integer not null default 1,
      deleted_at timestamptz(3),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      check (status <> 'scheduled' or publish_at is not null),
      check (status <> 'published' or published_at is not null)
    );
    create unique index episodes_number_taken on episodes (series_id, kind, number) where deleted_at is null;
    create index episodes_latest on episodes (published_at desc, id desc)
      where status = 'published' and deleted_at is null;
    create index episodes_due on episodes (publish_at) where status = 'scheduled' and deleted_at is null;

    create table video_servers (
      id bigint generated always as identity primary key,
      episode_id bigint not null references episodes on delete cascade,
      name text not null check (name <> '' and length(name) <= 60),
      kind text not null check (kind in ('embed', 'file', 'hls')),
      -- https, or plain http of this machine, or a file that the site itself serves under /media/.
      url text not null check (
        length(url) <= 2048
        and url ~* '^(https://[^/@]+(/|$|[?#])|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?(/|$|[?#])|/media/)'
      ),
      audio_language text,
      subtitle_language text,
      position integer not null check (position >= 0),
      enabled boolean not null default true
    );
    create index video_servers_of_episode on video_servers (episode_id, position, id);
    create index video_servers_enabled on video_servers (episode_id) where enabled;

    create table catalog_head (
      only_row boolean primary key default true check (only_row),
      epoch text not null check (epoch ~ '^[a-z0-9]{1,32}$'),
      seq bigint not null
    );
    insert into catalog_head (epoch, seq) values (substr(md5(random()::text || clock_timestamp()::text), 1, 8), 0);

    create table change_log (
      seq bigint primary key,
      type text not null check (type in ('upsert', 'remove', 'reset')),
      episode_id bigint,
      payload jsonb,
      created_at timestamptz(3) not null default now(),
      check ((type = 'reset') = (episode_id is null)),
      check ((type = 'upsert') = (payload is not null))
    );
    create index change_log_by_age on change_log (created_at);

    -- The one definition of "public". Every public read goes through these two views.
    create view public_series as
      select id as series_id, slug, title, title_language, title_native, native_language, synonyms, synopsis,
             kind, season_year, season, begins_at, ends_at, links, poster
      from series
      where visible;

    create view public_episodes as
      select e.id as episode_id, e.kind, e.number, e.title, e.synopsis, e.duration_seconds, e.still, e.published_at,
             s.id as series_id, s.slug as series_slug, s.title as series_title,
             s.title_language as series_title_language, s.kind as series_kind, s.season_year, s.season, s.poster
      from episodes e
      join series s on s.id = e.series_id
      where s.visible
        and e.status = 'published'
        and e.deleted_at is null
        and exists (select 1 from video_servers v where v.episode_id = e.id and v.enabled);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop view public_episodes;
    drop view public_series;
    drop table change_log, catalog_head, video_servers, episodes, series;
  `);
}
