import type { Logger } from '../platform/log';
import { type Actor, type Catalog, writeCatalog } from './catalog-write';

/** How often due episodes are looked for: an index that holds only scheduled ones makes a look cost nothing. */
const POLL_MS = 500;
const BATCH = 50;

const scheduler: Actor = { kind: 'system', id: null, name: 'scheduler' };

/**
 * Publishes the episodes whose time has come, also those whose time came while no node was up.
 * Gives how many this call has published: those that another node was publishing are not counted, and not waited for.
 */
export async function publishDueEpisodes(catalog: Catalog): Promise<number> {
  const due: { id: string; series_id: string }[] = await catalog
    .db('episodes')
    .select('id', 'series_id')
    .where({ status: 'scheduled' })
    .whereNull('deleted_at')
    .where('publish_at', '<=', catalog.db.fn.now())
    .orderBy(['publish_at', 'id'])
    .limit(BATCH);
  let published = 0;
  for (const { id, series_id } of due) {
    if (await publishIfStillDue(catalog, id, series_id)) published++;
  }
  return published;
}

/** Its place in the grid is the time that was announced, not the moment at which a node got to it. */
async function publishIfStillDue(catalog: Catalog, episodeId: string, seriesId: string): Promise<boolean> {
  return writeCatalog(
    catalog,
    scheduler,
    { seriesIds: [seriesId], episodeIds: [episodeId] },
    async ({ trx, audit }) => {
      const claimed = await trx('episodes')
        .select('id')
        .where({ id: episodeId, status: 'scheduled' })
        .whereNull('deleted_at')
        .where('publish_at', '<=', trx.fn.now())
        .forUpdate()
        .skipLocked()
        .first();
      if (!claimed) return false;
      await trx('episodes')
        .where({ id: episodeId })
        .update({
          status: 'published',
          published_at: trx.raw('coalesce(published_at, publish_at)'),
          version: trx.raw('version + 1'),
          updated_at: trx.fn.now(3),
        });
      await audit({ action: 'episode.publish', subjectKind: 'episode', subjectId: episodeId });
      return true;
    },
  );
}

/** Looks for due episodes for ever; gives what ends it, which resolves when the last look is over. */
export function startScheduler(catalog: Catalog, log: Logger): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let looking = Promise.resolve();
  const look = (): void => {
    looking = publishDueEpisodes(catalog)
      .then(
        (published) => published > 0 && log.info({ published }, 'Published scheduled episodes'),
        (error: unknown) => log.warn({ err: error }, 'Looking for scheduled episodes failed'),
      )
      .then(() => {
        if (!stopped) timer = setTimeout(look, POLL_MS);
      });
  };
  look();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await looking;
  };
}
