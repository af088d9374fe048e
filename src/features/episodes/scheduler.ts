import { changesBetween } from '../../journal/changes';
import type { Database } from '../../platform/database';
import { databaseTrouble, logFailure } from '../../platform/database-errors';
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

/** How many series it stands in the queue for at a time, as long as any writer would: each holds a connection of the pool. */
const MAX_QUEUES = 3;
const QUEUE_MS = 2_500;
/** An episode whose series somebody is just writing is tried again after this time, and so is one that the database has no time for. */
const BUSY_MS = 200;
/** One that can't be published at all, after this time, then twice as long each time, up to a minute. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** Episodes that could not be published just now, so that they hold up nobody else. */
export class Postponed {
  readonly #episodes = new Map<string, { readonly failures: number; readonly retryAtMs: number }>();
  /** By series: who stands in the queue for it. */
  readonly #queues = new Map<string, { readonly ids: readonly string[]; readonly over: Promise<void> }>();

  /** Those that are not to be tried yet. */
  ids(nowMs: number): string[] {
    const later = [...this.#episodes].filter(([, { retryAtMs }]) => retryAtMs > nowMs).map(([id]) => id);
    return [...later, ...[...this.#queues.values()].flatMap(({ ids }) => ids)];
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

  busy(ids: readonly string[], nowMs: number): void {
    for (const id of ids) this.#episodes.set(id, { failures: 0, retryAtMs: nowMs + BUSY_MS });
  }

  failed(id: string, nowMs: number): void {
    const failures = (this.#episodes.get(id)?.failures ?? 0) + 1;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS);
    this.#episodes.set(id, { failures, retryAtMs: nowMs + delayMs });
  }

  done(ids: readonly string[]): void {
    for (const id of ids) this.#episodes.delete(id);
  }

  /** Runs `wait` beside all else; false when this series, or as many as may, are waited for already. */
  queue(seriesId: string, ids: readonly string[], wait: () => Promise<void>): boolean {
    if (this.#queues.has(seriesId) || this.#queues.size >= MAX_QUEUES) return false;
    this.done(ids);
    this.#queues.set(seriesId, { ids, over: wait().finally(() => this.#queues.delete(seriesId)) });
    return true;
  }

  /** Resolves when none is waited for any more. */
  async queuesOver(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ over }) => over));
  }
}

type OnFailure = (error: unknown, episodeId: string) => void;

/**
 * Publishes the episodes whose time has come, also those whose time came while no node was up: those of one series together, in the
 * order of their times. Gives how many this call has published (not those that another node was publishing, nor those whose series
 * is waited for: they follow beside), and after how many milliseconds to look again. One that can't be published is postponed, and
 * stops none of the others.
 */
export async function publishDueEpisodes(
  catalog: WriteContext,
  postponed = new Postponed(),
  onFailure: OnFailure = () => undefined,
): Promise<{ readonly published: number; readonly nextLookMs: number }> {
  const nowMs = performance.now();
  const soon = await findDueSoon(catalog.db, postponed.ids(nowMs));
  const due = soon.filter(({ wait_ms }) => wait_ms <= 0);
  postponed.forgetUnless(new Set(due.map(({ id }) => id)), nowMs);
  let published = 0;
  for (const [seriesId, ids] of bySeries(due)) {
    const publish = (patienceMs: number) =>
      publishOfSeries(catalog, { seriesId, ids, patienceMs, postponed, onFailure });
    const outcome = await publish(0);
    if (outcome !== 'locked') published += outcome;
    // In turn with all others: of a series that is written all the time, it would never be found free.
    else if (!postponed.queue(seriesId, ids, async () => void (await publish(QUEUE_MS)))) {
      postponed.busy(ids, performance.now());
    }
  }
  if (due.length === BATCH) return { published, nextLookMs: 0 };
  const waitMs = soon.find(({ wait_ms }) => wait_ms > 0)?.wait_ms;
  const nextDueMs = waitMs === undefined ? LOOK_MS : Math.ceil(waitMs + SPREAD_MS * Math.random());
  return { published, nextLookMs: Math.min(nextDueMs, Math.ceil(postponed.waitMs(performance.now()))) };
}

type OfSeries = {
  readonly seriesId: string;
  readonly ids: readonly string[];
  /** How long it stands in the queue for the series; 0: not at all. */
  readonly patienceMs: number;
  readonly postponed: Postponed;
  readonly onFailure: OnFailure;
};

/** Publishes them in one write; where that fails, each in its own. Never throws. */
async function publishOfSeries(catalog: WriteContext, work: OfSeries): Promise<number | 'locked'> {
  const { seriesId, ids, patienceMs, postponed, onFailure } = work;
  try {
    const outcome = await publishIfStillDue(catalog, { seriesId, ids }, patienceMs);
    if (outcome === 'locked') {
      if (patienceMs > 0) postponed.busy(ids, performance.now());
      return outcome;
    }
    postponed.done(ids);
    return outcome.result;
  } catch (error) {
    const [id = ''] = ids;
    if (databaseTrouble(error)) {
      onFailure(error, id);
      postponed.busy(ids, performance.now());
      return 0;
    }
    if (ids.length === 1) {
      onFailure(error, id);
      postponed.failed(id, performance.now());
      return 0;
    }
  }
  let published = 0;
  for (const id of ids) {
    const outcome = await publishOfSeries(catalog, { ...work, ids: [id], patienceMs: QUEUE_MS });
    if (outcome !== 'locked') published += outcome;
  }
  return published;
}

type DueSoon = {
  readonly id: string;
  readonly series_id: string;
  /** Until it is due, by the clock of the database, which is the same for all nodes; not above 0 when it is. */
  readonly wait_ms: number;
};

/** The ids of the episodes by their series, in the same order. */
function bySeries(due: readonly DueSoon[]): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>();
  for (const { id, series_id } of due) {
    const others = ids.get(series_id);
    if (others) others.push(id);
    else ids.set(series_id, [id]);
  }
  return ids;
}

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

/** How many scheduled episodes should be published by now, and since when the first of them should: 0 s where there is none. */
export async function readOverdue(
  db: Database,
): Promise<{ readonly episodes: number; readonly oldestSeconds: number }> {
  const { rows } = await db.raw<{ rows: { episodes: number; seconds: number }[] }>(
    `select count(*)::int as episodes, coalesce(extract(epoch from now() - min(publish_at)), 0)::float8 as seconds
     from episodes
     where status = 'scheduled' and deleted_at is null and publish_at <= now()`,
  );
  return { episodes: rows[0]?.episodes ?? 0, oldestSeconds: rows[0]?.seconds ?? 0 };
}

/** Its place in the grid is the time that was announced, not the moment at which a node got to it. Gives how many it published. */
async function publishIfStillDue(
  catalog: WriteContext,
  { seriesId, ids }: { readonly seriesId: string; readonly ids: readonly string[] },
  patienceMs: number,
): Promise<{ readonly result: number } | 'locked'> {
  return writeCatalogUnlessLocked(
    catalog,
    scheduler,
    { seriesIds: [seriesId], episodeIds: ids },
    patienceMs,
    async ({ trx, audit }) => {
      const published: PublishedRow[] = await trx('episodes')
        .whereIn(
          'id',
          trx('episodes')
            .select('id')
            .whereIn('id', ids)
            .where({ status: 'scheduled' })
            .whereNull('deleted_at')
            .where('publish_at', '<=', trx.fn.now())
            .forUpdate()
            .skipLocked(),
        )
        .update({
          status: 'published',
          published_at: trx.raw('coalesce(published_at, publish_at)'),
          version: trx.raw('version + 1'),
          updated_at: trx.fn.now(3),
        })
        .returning([
          'id',
          'kind',
          'number',
          'published_at',
          trx.raw('(select title from series where id = series_id) as series_title'),
        ]);
      const place = new Map(ids.map((id, index) => [id, index]));
      for (const row of published.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0))) {
        audit({
          action: 'episode.publish',
          subjectKind: 'episode',
          subjectId: row.id,
          subjectLabel: episodeName({
            kind: row.kind,
            number: shortestNumber(row.number),
            seriesTitle: row.series_title,
          }),
          changes: changesBetween(
            { status: 'scheduled', publishedAt: null },
            { status: 'published', publishedAt: row.published_at },
          ),
        });
      }
      return published.length;
    },
  );
}

type PublishedRow = {
  readonly id: string;
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
    await postponed.queuesOver();
  };
}
