import { createFirstAdmin } from '../features/accounts/first-admin';
import type { Actor, WriteContext } from '../features/episodes/write';
import { hasSeries } from '../features/series/repository';
import { importBangumi, recentSince } from '../features/transfer/import-bangumi';
import { recordAudit } from '../journal/journal';
import { type Database, exclusively } from '../platform/database';
import type { Logger } from '../platform/log';
import type { Config } from './config';
import { createLists } from './lists';

const system: Actor = { kind: 'system', id: null, name: 'nipnime', via: 'start' };

/**
 * Gives a new site something to see and somebody who can log in. In production both are the operator's decision: a
 * password does not belong into logs that are kept.
 */
export async function prepareFirstStart(db: Database, config: Config, log: Logger): Promise<void> {
  if (config.production) return;
  await exclusively(db, 'first start', async () => {
    if (!(await hasSeries(db))) await importRecent(db, log);
    const admin = await createFirstAdmin(db);
    if (admin) announce(admin);
  });
}

async function importRecent(db: Database, log: Logger): Promise<void> {
  log.info('The catalog is empty: importing the series of the last two years from bangumi-data …');
  // Nobody has a stream here yet; other nodes find the changes in the log.
  const catalog: WriteContext = {
    db,
    lists: createLists().all,
    publish: () => undefined,
    audit: recordAudit,
  };
  const now = new Date();
  const result = await importBangumi(catalog, system, { now, since: recentSince(now) });
  log.info(`Imported ${result.series.added} series and ${result.episodes.added} episodes.`);
}

/** Writes to standard output, not to the log: this is the one time that the password can be read. */
function announce(admin: { readonly email: string; readonly password: string }): void {
  process.stdout.write(
    `
  The first admin was created. Log in at /admin with

    address   ${admin.email}
    password  ${admin.password}

  It is not shown again, and has to be changed at the first log-in. More admins: npm run admin:create -- --email ADDRESS

`,
  );
}
