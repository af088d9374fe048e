import type { Knex } from 'knex';

/**
 * Every title of every series, folded by src/features/titles/fold.ts, for the search: Postgres can't fold kana, and `unaccent` is
 * not immutable, so that no index could be made of it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table series_titles (
      series_id bigint not null references series on delete cascade,
      title text not null,
      -- 0: the title, 1: the original one, 2: another one, 3: how one is read
      place smallint not null check (place between 0 and 3),
      words text not null,
      romaji text not null,
      trigrams text not null,
      primary key (series_id, words)
    );
    create index series_titles_by_trigrams on series_titles using gin (trigrams gin_trgm_ops);

    -- Of which titles a series' rows were made, and by which version of the code: what is otherwise by now is made anew.
    create table folded_series (
      series_id bigint primary key references series on delete cascade,
      digest text not null
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table folded_series, series_titles');
}
