import { readOverdue } from '../features/episodes/scheduler';
import { tellWebhooks, WEBHOOK_SECRETS, WEBHOOKS_READER } from '../features/webhooks/tell';
import { followJournal } from '../journal/follow';
import type { Database } from '../platform/database';
import { logFailure } from '../platform/database-errors';
import { countJobs, startJobs } from '../platform/jobs';
import type { Logger } from '../platform/log';
import type { Registry } from '../platform/metrics';
import type { OpenDatabase } from '../platform/open-database';
import { SealedTexts } from '../platform/sealed-text';
import type { Config } from './config';
import { backgroundJobs } from './jobs';
import { createJobMetrics } from './metrics';
import { measureSite } from './metrics-at-scrape';

type BackgroundNeeds = {
  readonly config: Config;
  readonly sessionSecret: string;
  readonly log: Logger;
  /** For work that takes its time. */
  readonly database: OpenDatabase;
  /** For work in little pieces. */
  readonly db: Database;
  readonly registry: Registry;
};

/** Starts what a node does while nobody waits, in the process that opened the database. Returns a function that ends it. */
export function startBackground({
  config,
  sessionSecret,
  log,
  database,
  db,
  registry,
}: BackgroundNeeds): () => Promise<void> {
  const { webhookTried } = createJobMetrics(registry);
  measureSite(registry, { readOverdue: () => readOverdue(db), countJobs: () => countJobs(db) });
  const secrets = new SealedTexts(sessionSecret, WEBHOOK_SECRETS);
  const webhooks = { db, secrets, log, observe: webhookTried };
  const jobs = backgroundJobs(database.db, database.url, config, webhooks);
  const stops = [
    startJobs(database.url, jobs, log),
    followJournal(
      db,
      WEBHOOKS_READER,
      (trx, entries) => tellWebhooks(trx, entries, config.siteUrl),
      (error) => logFailure(log, error, 'The journal was not read for webhooks'),
    ),
  ];
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}
