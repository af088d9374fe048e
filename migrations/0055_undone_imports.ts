import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * Imports that are undone: their entries of the journal are found by the number of the import, which each of them has among its
 * details, and what is left as it is stands beside the rows of the file, as a phase of its own.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    alter table catalog_imports
      drop constraint catalog_imports_state_check,
      add constraint catalog_imports_state_check
        check (state in ('uploading', 'planning', 'planned', 'importing', 'done', 'failed', 'undoing', 'undone')),
      -- How many series and episodes are as they were before, and how many were left.
      add column undone jsonb;
    alter table catalog_import_rows
      drop constraint catalog_import_rows_phase_check,
      add constraint catalog_import_rows_phase_check check (phase in ('plan', 'import', 'undo'));
    create index journal_of_import on journal ((details ->> 'importId'), id) where details ->> 'importId' is not null;
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    drop index journal_of_import;
    delete from catalog_import_rows where phase = 'undo';
    alter table catalog_import_rows
      drop constraint catalog_import_rows_phase_check,
      add constraint catalog_import_rows_phase_check check (phase in ('plan', 'import'));
    update catalog_imports set state = 'done' where state in ('undoing', 'undone');
    alter table catalog_imports
      drop column undone,
      drop constraint catalog_imports_state_check,
      add constraint catalog_imports_state_check
        check (state in ('uploading', 'planning', 'planned', 'importing', 'done', 'failed'));
  `,
  );
}
