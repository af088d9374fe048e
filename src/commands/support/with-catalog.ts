import { join } from 'node:path';
import type { WriteContext } from '../../features/episodes/write';
import { recordAudit } from '../../journal/journal';
import { createRedisBus } from '../../live/feed/bus';
import { keptSecret } from '../../platform/kept-secret';
import type { Logger } from '../../platform/log';
import { openDatabase } from '../../platform/open-database';
import type { Config } from '../../process/config';
import { createLists } from '../../process/lists';

/** Opens the catalog for writing, for the time of `work`. The site may run meanwhile: its nodes are told of what is written. */
export async function withCatalog<Result>(
  config: Config,
  log: Logger,
  work: (catalog: WriteContext) => Promise<Result>,
): Promise<Result> {
  const { db, close } = await openDatabase(config, log);
  const secret = config.sessionSecret ?? (await keptSecret(join(config.dataDir, 'session-secret')));
  const bus = config.redisUrl ? createRedisBus(config.redisUrl, log, { secret }) : undefined;
  const publishing = new Set<Promise<void>>();
  const publish: WriteContext['publish'] = (commit) => {
    const published = bus?.publish(commit).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason }, 'Redis was not told; the nodes find the change in the log within 2 s');
    });
    if (published) publishing.add(published.finally(() => publishing.delete(published)));
  };
  try {
    return await work({ db, lists: createLists().all, publish, audit: recordAudit });
  } finally {
    await Promise.all(publishing);
    await bus?.close();
    await close();
  }
}
