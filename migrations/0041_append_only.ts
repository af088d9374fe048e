import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * What stands in the journal stays as it is: for whoever writes to the database as the site does, and for the owner of the table, too.
 * Refusals are forgotten after a while.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    create function journal_stays() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' and old.action in ('login.refused', 'token.refused') then
        return old;
      end if;
      raise exception 'The journal is append-only: entry % stays as it is.', old.id using errcode = 'insufficient_privilege';
    end $$;
    create trigger journal_stays before update or delete on journal
      for each row execute function journal_stays();
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    drop trigger journal_stays on journal;
    drop function journal_stays();
  `,
  );
}
