import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What the last import knew of the series: its keys in the data set, and a hash of each field as the data had it.
    -- A field that still has that hash is one that nobody has edited.
    alter table series add column imported jsonb;

    -- Which broadcast of the series the episode was imported as, from 1, and the version at which the import left it: at
    -- any other version somebody has touched it.
    alter table episodes
      add column imported_as integer check (imported_as > 0),
      add column imported_version integer,
      add constraint episodes_imported_whole check ((imported_as is null) = (imported_version is null));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table episodes drop column imported_as, drop column imported_version;
    alter table series drop column imported;
  `);
}
