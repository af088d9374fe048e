import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * Forgetting old refusals is the one thing that takes rows out of the journal. As a function of the owner it needs no right to delete
 * any: a site whose own role may only add to the journal can still forget these.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    create function prune_refusals(days integer, at_once integer) returns integer
    language sql security definer set search_path = pg_catalog, pg_temp as $$
      with gone as (
        delete from public.journal where id in (
          select id from public.journal
          where action in ('login.refused', 'token.refused')
            -- Whoever calls it may not say "all of them, now".
            and at < now() - greatest(days, 30) * interval '1 day'
            and id <= all (select last_id from public.journal_readers)
          order by id limit at_once)
        returning 1)
      select count(*)::integer from gone
    $$;
    revoke execute on function prune_refusals(integer, integer) from public;
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function prune_refusals(integer, integer)');
}
