import type { Knex } from 'knex';
import * as catalog from './0001_catalog';
import * as accounts from './0002_accounts';
import * as flatQueries from './0003_flat_queries';
import * as textRules from './0004_text_rules';
import * as scheduledPlaces from './0005_scheduled_places';
import * as anonymousActors from './0006_anonymous_actors';
import * as imports from './0008_imports';
import * as listedSeries from './0009_listed_series';
import * as history from './0010_history';
import * as readableTimes from './0011_readable_times';

const migrations: Readonly<Record<string, Knex.Migration>> = {
  '0001_catalog': catalog,
  '0002_accounts': accounts,
  '0003_flat_queries': flatQueries,
  '0004_text_rules': textRules,
  '0005_scheduled_places': scheduledPlaces,
  '0006_anonymous_actors': anonymousActors,
  '0008_imports': imports,
  '0009_listed_series': listedSeries,
  '0010_history': history,
  '0011_readable_times': readableTimes,
};

/**
 * Names without an extension: Knex stores them, and a database that was migrated from `.ts` files would
 * refuse the same migrations as `.js`. Imported rather than read from a folder, so that a bundle holds them.
 */
export const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => Object.keys(migrations),
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const migration = migrations[name];
    if (!migration) throw new Error(`There is no migration named ${name}.`);
    return migration;
  },
};
