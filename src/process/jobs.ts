import { purgeTrash } from '../features/episodes/trash-repository';
import { pruneFollowLists } from '../features/following/public';
import { pruneAnswers } from '../features/idempotency/repository';
import { imageJobs } from '../features/images/jobs';
import { Workshop } from '../features/images/workshop';
import { pruneAssets } from '../features/kept-assets/repository';
import { beginNight, CHECK_JOB, createServerChecker } from '../features/server-checks/nightly';
import { foldChangedTitles } from '../features/titles/public';
import { readTitlesInProcess } from '../features/titles/reader-process';
import { pruneMinutes } from '../features/today/repository';
import { createImportJob } from '../features/transfer/import-job';
import { IMPORT_JOB, pruneImports } from '../features/transfer/import-runs-repository';
import { createDeliverer, type DelivererNeeds } from '../features/webhooks/deliver';
import { askForForgotten, DELIVER_JOB, pruneDeliveries } from '../features/webhooks/delivery-repository';
import { pruneRefusals, recordAudit } from '../journal/journal';
import { pruneChanges } from '../live/log/live-log';
import type { Database } from '../platform/database';
import type { Job } from '../platform/jobs';
import { assetsFolder } from '../platform/project';
import type { Config } from './config';
import { createImageStore } from './image-store';
import { createLists } from './lists';

/**
 * What is done in the background. `db` is one for work that takes its time.
 * @param databaseUrl for work that is done in a process of its own
 * @param webhooks what is asked for while nobody waits, in little pieces
 */
export function backgroundJobs(
  db: Database,
  databaseUrl: string,
  config: Pick<Config, 'titleReadings' | 'serverChecks' | 'dataDir' | 'storage'>,
  webhooks: DelivererNeeds,
): Readonly<Record<string, Job>> {
  const images = { db, store: createImageStore(config), workshop: new Workshop() };
  // The processes that serve see in the log what was written here, within two seconds.
  const catalog = { db, lists: createLists().all, publish: () => undefined, audit: recordAudit };
  return {
    ...imageJobs(images, catalog),
    ...(config.titleReadings && {
      'read-titles': { cron: '* * * * *', run: () => readTitlesInProcess(db, databaseUrl) },
    }),
    ...(config.serverChecks && {
      'begin-server-checks': { cron: '13 2 * * *', run: () => beginNight(db) },
      [CHECK_JOB]: { run: createServerChecker(db) },
    }),
    'prune-live-log': { cron: '17 * * * *', run: () => pruneChanges(db) },
    'fold-titles': { cron: '* * * * *', run: () => foldChangedTitles(db) },
    'prune-follow-lists': { cron: '47 3 * * *', run: () => pruneFollowLists(db) },
    'prune-minutes': { cron: '27 3 * * *', run: () => pruneMinutes(db) },
    'prune-api-answers': { cron: '23 * * * *', run: () => pruneAnswers(db) },
    'purge-trash': { cron: '57 3 * * *', run: () => purgeTrash(db) },
    [IMPORT_JOB]: { run: createImportJob(catalog) },
    'prune-assets': { cron: '31 3 * * *', run: () => pruneAssets(db, assetsFolder()) },
    'prune-imports': { cron: '7 * * * *', run: () => pruneImports(db) },
    [DELIVER_JOB]: { run: createDeliverer(webhooks) },
    'find-forgotten-deliveries': { cron: '* * * * *', run: () => askForForgotten(db) },
    'prune-deliveries': { cron: '7 4 * * *', run: () => pruneDeliveries(db) },
    'prune-journal': { cron: '37 3 * * *', run: () => pruneRefusals(db) },
  };
}
