import type { Knex } from 'knex';

/**
 * The trigger that lists the episodes of changed series joined all episodes with the changed rows in one statement. Its
 * plan is kept by the connection: made while the catalog was small, it read every episode once for each series later
 * on, and no index holds deleted ones. Now it looks first whether anything changed that matters, which an import or an
 * edit of a synopsis does not, and then finds the episodes by the index of those that are not deleted; no others are
 * listed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function latest_episodes_of_series() returns trigger language plpgsql as $$
    declare
      changed bigint[];
    begin
      changed := array(
        select n.id
        from new_rows n join old_rows o using (id)
        where (n.visible, n.kind, n.season_year, n.season)
          is distinct from (o.visible, o.kind, o.season_year, o.season));
      if cardinality(changed) > 0 then
        perform list_latest_episodes(array(
          select id from episodes where series_id = any (changed) and deleted_at is null));
      end if;
      return null;
    end $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function latest_episodes_of_series() returns trigger language plpgsql as $$
    begin
      perform list_latest_episodes(array(
        select e.id
        from new_rows n join old_rows o using (id) join episodes e on e.series_id = n.id
        where (n.visible, n.kind, n.season_year, n.season) is distinct from (o.visible, o.kind, o.season_year, o.season)));
      return null;
    end $$;
  `);
}
