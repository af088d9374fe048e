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
import * as liveLog from './0012_live_log';
import * as journal from './0013_journal';
import * as announced from './0015_announced';
import * as cardLanguages from './0016_card_languages';
import * as titles from './0017_titles';
import * as slugsAndReadings from './0018_slugs_and_readings';
import * as browse from './0019_browse';
import * as latestLanguages from './0020_latest_languages';
import * as playback from './0021_playback';
import * as playbackReports from './0022_playback_reports';
import * as newestOfSeries from './0023_newest_of_series';
import * as followLists from './0024_follow_lists';
import * as trash from './0025_trash';
import * as sessions from './0030_sessions';
import * as roles from './0031_roles';
import * as tokenScopes from './0032_token_scopes';
import * as secondSteps from './0033_second_steps';
import * as passkeys from './0034_passkeys';
import * as siteMinutes from './0040_site_minutes';
import * as appendOnly from './0041_append_only';
import * as timeZones from './0042_time_zones';
import * as externalIds from './0044_external_ids';
import * as apiAnswers from './0045_api_answers';
import * as webhooks from './0046_webhooks';
import * as serverChecks from './0047_server_checks';
import * as pruneRefusals from './0048_prune_refusals';
import * as images from './0049_images';
import * as catalogImports from './0051_catalog_imports';
import * as sortedLists from './0053_sorted_lists';
import * as undoneImports from './0055_undone_imports';
import * as keptAssets from './0056_kept_assets';
import * as episodesBySeries from './0057_episodes_by_series';

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
  '0012_live_log': liveLog,
  '0013_journal': journal,
  '0015_announced': announced,
  '0016_card_languages': cardLanguages,
  '0017_titles': titles,
  '0018_slugs_and_readings': slugsAndReadings,
  '0019_browse': browse,
  '0020_latest_languages': latestLanguages,
  '0021_playback': playback,
  '0022_playback_reports': playbackReports,
  '0023_newest_of_series': newestOfSeries,
  '0024_follow_lists': followLists,
  '0025_trash': trash,
  '0030_sessions': sessions,
  '0031_roles': roles,
  '0032_token_scopes': tokenScopes,
  '0033_second_steps': secondSteps,
  '0034_passkeys': passkeys,
  '0040_site_minutes': siteMinutes,
  '0041_append_only': appendOnly,
  '0042_time_zones': timeZones,
  '0044_external_ids': externalIds,
  '0045_api_answers': apiAnswers,
  '0046_webhooks': webhooks,
  '0047_server_checks': serverChecks,
  '0048_prune_refusals': pruneRefusals,
  '0049_images': images,
  '0051_catalog_imports': catalogImports,
  '0053_sorted_lists': sortedLists,
  '0055_undone_imports': undoneImports,
  '0056_kept_assets': keptAssets,
  '0057_episodes_by_series': episodesBySeries,
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
