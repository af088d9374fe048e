import type { Knex } from 'knex';

/**
 * The slugs that series had before, so that links to them lead on; kept by a trigger, whoever renames. A slug that some series has
 * now is no former one, of whichever. And how Japanese titles are read, which takes a dictionary of a hundred megabytes to find out.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table former_slugs (
      slug text primary key,
      series_id bigint not null references series on delete cascade,
      since timestamptz(3) not null default now()
    );
    create index former_slugs_of_series on former_slugs (series_id);

    create function keep_former_slug() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' then
        insert into former_slugs (slug, series_id) values (old.slug, new.id)
          on conflict (slug) do update set series_id = excluded.series_id, since = now();
      end if;
      delete from former_slugs where slug = new.slug;
      return null;
    end $$;
    create trigger keep_former_slug after update of slug on series
      for each row when (old.slug is distinct from new.slug) execute function keep_former_slug();
    create trigger take_former_slug after insert on series
      for each row execute function keep_former_slug();

    create table title_readings (
      title text primary key,
      -- In romaji, its words joined by spaces; empty: nobody can read it.
      reading text not null,
      -- The version of the code that read it.
      reader smallint not null
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop trigger take_former_slug on series;
    drop trigger keep_former_slug on series;
    drop function keep_former_slug();
    drop table title_readings, former_slugs;
  `);
}
