import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * Files that admins import: kept here for a day, in pieces, so that any node can do the work, with what would become of each row, or
 * became of it. What a row says is JSON as text: it may have characters in it that `jsonb` refuses, which is what it was refused for.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(
    knex,
    `
    create table catalog_imports (
      id bigint generated always as identity primary key,
      file_name text not null check (length(file_name) <= 200),
      bytes bigint not null default 0,
      state text not null
        check (state in ('uploading', 'planning', 'planned', 'importing', 'done', 'failed')),
      -- Who imports, as the journal names them.
      actor jsonb not null,
      problem text,
      rows_done integer not null default 0,
      planned jsonb,
      done jsonb,
      created_at timestamptz(3) not null default now()
    );
    create index catalog_imports_by_age on catalog_imports (created_at);

    create table catalog_import_pieces (
      import_id bigint not null references catalog_imports on delete cascade,
      piece integer not null,
      bytes bytea not null,
      primary key (import_id, piece)
    );

    create table catalog_import_rows (
      import_id bigint not null references catalog_imports on delete cascade,
      phase text not null check (phase in ('plan', 'import')),
      place integer not null,
      kind text not null check (kind in ('series', 'episodes')),
      outcome text not null check (outcome in ('created', 'changed', 'refused')),
      report text not null,
      primary key (import_id, phase, place)
    );
    create index catalog_import_rows_by_outcome on catalog_import_rows (import_id, phase, outcome, place);
  `,
  );
}

export async function down(knex: Knex): Promise<void> {
  await runStatements(knex, 'drop table catalog_import_rows, catalog_import_pieces, catalog_imports');
}
