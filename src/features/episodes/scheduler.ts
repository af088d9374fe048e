import { changesBetween } from '../../journal/changes';
import type { Database } from '../../platform/database';
import { logFailure } from '../../platform/database-errors';
import type { Logger } from '../../platform/log';
import { type EpisodeKind, episodeName, shortestNumber } from './fields';
import { type Actor, type WriteContext, writeCatalogUnlessLocked } from './write';

/**
 * How often episodes are looked for that are due, or will be before the next look: an index that holds only scheduled ones
 * makes a look cost next to nothing.
 */
const LOOK_MS = 2_000;
/** The processes come to a due episode within this time of it, so that mostly one has published it before the others look. */
const SPREAD_MS = 50;
const BATCH = 50;

const scheduler: Actor = { kind: 'system', id: null, name: 'scheduler', via: 'scheduler' };

/** How long one episode stands in the queue for its series, and all of a look together. */
const LOCK_MS = 500;
const QUEUE_MS = 1_000;
/** An episode whose series somebody is just writing is tried again after this time. */
const BUSY_MS = 200;
/** One that can't be published at all, after this time, then twice as long each time, up to a minute. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** Episodes that could not be published just now, so that they hold up nobody else. */
export class Postponed {
  readonly #episodes = new Map<string, { readonly failures: number; readonly retryAtMs: number }>();

  /** Those that are not to be tried yet. */
  ids(nowMs: number): string[] {
    return [...this.#episodes].filter(([, { retryAtMs }]) => retryAtMs > nowMs).map(([id]) => id);
  }

  /** Milliseconds until the first of them is to be tried again; infinite when there is none. */
  waitMs(nowMs: number): number {
    return Math.min(...[...this.#episodes.values()].map(({ retryAtMs }) => Math.max(retryAtMs - nowMs, 0)));
  }

  /** Those whose turn it is and that are not due any more: another node has published them, or an admin took them back. */
  forgetUnless(dueIds: ReadonlySet<string>, nowMs: number): void {
    for (const [id, { retryAtMs }] of this.#episodes) {
      if (retryAtMs <= nowMs && !dueIds.has(id)) this.#episodes.delete(id);
    }
  }

  busy(id: string, nowMs: number): void {
    this.#episodes.set(id, { failures: 0, retryAtMs: nowMs + BUSY_MS });
  }

  failed(id: string, nowMs: number): void {
    const failures = (this.#episodes.get(id)?.failures ?? 0) + 1;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS);
    this.#episodes.set(id, { failures, retryAtMs: nowMs + delayMs });
  }

  done(id: string): void {
    this.#episodes.delete(id);
  }
}

/**
 * Publishes the episodes whose time has come, also those whose time came while no node was up.
 * Gives how many this call has published (those that another node was publishing are not counted), and after how many
 * milliseconds to look again. One that can't be published is postponed, and stops none of the others.
 */
export async function publishDueEpisodes(
  catalog: WriteContext,
  postponed = new Postponed(),
  onFailure: (error: unknown, episodeId: string) => void = () => undefined,
): Promise<{ readonly published: number; readonly nextLookMs: number }> {
  const nowMs = performance.now();
  const soon = await findDueSoon(catalog.db, postponed.ids(nowMs));
  const due = soon.filter(({ wait_ms }) => wait_ms <= 0);
  postponed.forgetUnless(new Set(due.map(({ id }) => id)), nowMs);
  let published = 0;
  const publish = async (episode: DueSoon, patienceMs: number): Promise<'done' | 'locked'> => {
    const { id } = episode;
    try {
      const outcome = await publishIfStillDue(catalog, episode, patienceMs);
      if (outcome === 'locked') return outcome;
      postponed.done(id);
      if (outcome.result) published++;
    } catch (error) {
      postponed.failed(id, performance.now());
      onFailure(error, id);
    }
    return 'done';
  };
  const locked: DueSoon[] = [];
  for (const episode of due) if ((await publish(episode, 0)) === 'locked') locked.push(episode);
  // Then the others in their turn: of a series that is written all the time, none would ever be found free.
  const queueUntilMs = performance.now() + QUEUE_MS;
  const stuck = new Set<string>();
  for (const episode of locked) {
    const isWorthIt = performance.now() < queueUntilMs && !stuck.has(episode.series_id);
    if (isWorthIt && (await publish(episode, LOCK_MS)) === 'done') continue;
    stuck.add(episode.series_id);
    postponed.busy(episode.id, performance.now());
  }
  if (due.length === BATCH) return { published, nextLookMs: 0 };
  const waitMs = soon.find(({ wait_ms }) => wait_ms > 0)?.wait_ms;
  const nextDueMs = waitMs === undefined ? LOOK_MS : Math.ceil(waitMs + SPREAD_MS * Math.random());
  return { published, nextLookMs: Math.min(nextDueMs, Math.ceil(postponed.waitMs(performance.now()))) };
}

type DueSoon = {
  readonly id: string;
  readonly series_id: string;
  /** Until it is due, by the clock of the database, which is the same for all nodes; not above 0 when it is. */
  readonly wait_ms: number;
};

async function findDueSoon(db: Database, except: readonly string[]): Promise<readonly DueSoon[]> {
  const { rows } = await db.raw<{ rows: DueSoon[] }>(
    `select id, series_id, extract(epoch from publish_at - now())::float8 * 1000 as wait_ms
     from episodes
     where status = 'scheduled' and deleted_at is null and publish_at <= now() + ? * interval '1 millisecond'
       and id <> all(?)
     order by publish_at, id
     limit ?`,
    [LOOK_MS, [...except], BATCH],
  );
  return rows;
}

/** Its place in the grid is the time that was announced, not the moment at which a node got to it. */
async function publishIfStillDue(
  catalog: WriteContext,
  { id: episodeId, series_id: seriesId }: DueSoon,
  patienceMs: number,
): Promise<{ readonly result: boolean } | 'locked'> {
  return writeCatalogUnlessLocked(
    catalog,
    scheduler,
    { seriesIds: [seriesId], episodeIds: [episodeId] },
    patienceMs,
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
      const [published]: PublishedRow[] = await trx('episodes')
        .where({ id: episodeId })
        .update({
          status: 'published',
          published_at: trx.raw('coalesce(published_at, publish_at)'),
          version: trx.raw('version + 1'),
          updated_at: trx.fn.now(3),
        })
        .returning([
          'kind',
          'number',
          'published_at',
          trx.raw('(select title from series where id = series_id) as series_title'),
        ]);
      if (!published) throw new Error('An episode is gone from the transaction that locked it.');
      audit({
        action: 'episode.publish',
        subjectKind: 'episode',
        subjectId: episodeId,
        subjectLabel: episodeName({
          kind: published.kind,
          number: shortestNumber(published.number),
          seriesTitle: published.series_title,
        }),
        changes: changesBetween(
          { status: 'scheduled', publishedAt: null },
          { status: 'published', publishedAt: published.published_at },
        ),
      });
      return true;
    },
  );
}

type PublishedRow = {
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly published_at: Date;
  readonly series_title: string;
};

/** Looks for due episodes again and again. Returns a function that stops this; it resolves when the last look is over. */
export function startScheduler(catalog: WriteContext, log: Logger): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let looking = Promise.resolve();
  const postponed = new Postponed();
  const onFailure = (error: unknown, episodeId: string): void =>
    logFailure(log.child({ episodeId }), error, 'A scheduled episode could not be published');
  const look = (): void => {
    looking = publishDueEpisodes(catalog, postponed, onFailure)
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
