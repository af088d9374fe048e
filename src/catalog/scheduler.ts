import type { Database } from '../platform/database';
import { logFailure } from '../platform/database-errors';
import type { Logger } from '../platform/log';
import { type Actor, type Catalog, writeCatalog } from './catalog-write';

/**
 * How often episodes are looked for that are due, or will be before the next look: an index that holds only scheduled ones
 * makes a look cost next to nothing.
 */
const LOOK_MS = 2_000;
/** The processes come to a due episode within this time of it, so that mostly one has published it before the others look. */
const SPREAD_MS = 50;
const BATCH = 50;

const scheduler: Actor = { kind: 'system', id: null, name: 'scheduler' };

/**
 * Publishes the episodes whose time has come, also those whose time came while no node was up.
 * Gives how many this call has published (those that another node was publishing are not counted), and after how many
 * milliseconds to look again.
 */
export async function publishDueEpisodes(
  catalog: Catalog,
): Promise<{ readonly published: number; readonly nextLookMs: number }> {
  const soon = await findDueSoon(catalog.db);
  const due = soon.filter(({ wait_ms }) => wait_ms <= 0);
  let published = 0;
  for (const { id, series_id } of due) {
    if (await publishIfStillDue(catalog, id, series_id)) published++;
  }
  if (due.length === BATCH) return { published, nextLookMs: 0 };
  const waitMs = soon.find(({ wait_ms }) => wait_ms > 0)?.wait_ms;
  const nextLookMs = waitMs === undefined ? LOOK_MS : Math.ceil(waitMs + SPREAD_MS * Math.random());
  return { published, nextLookMs };
}

type DueSoon = {
  readonly id: string;
  readonly series_id: string;
  /** Until it is due, by the clock of the database, which is the same for all nodes; not above 0 when it is. */
  readonly wait_ms: number;
};

async function findDueSoon(db: Database): Promise<readonly DueSoon[]> {
  const { rows } = await db.raw<{ rows: DueSoon[] }>(
    `select id, series_id, extract(epoch from publish_at - now())::float8 * 1000 as wait_ms
     from episodes
     where status = 'scheduled' and deleted_at is null and publish_at <= now() + ? * interval '1 millisecond'
     order by publish_at, id
     limit ?`,
    [LOOK_MS, BATCH],
  );
  return rows;
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
      .then(({ published, nextLookMs }) => {
        if (published > 0) log.info({ published }, 'Published scheduled episodes');
        return nextLookMs;
      })
      .catch((error: unknown) => {
        logFailure(log, error, 'Looking for scheduled episodes failed');
        return LOOK_MS;
      })
      .then((nextLookMs) => {
        if (!stopped) timer = setTimeout(look, nextLookMs);
      });
  };
  look();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await looking;
  };
}
