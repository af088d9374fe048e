import { type WriteContext, writeCatalog } from '../../src/features/episodes/write';
import type { Actor } from '../../src/journal/actor';
import type { Bus } from '../../src/live/feed/bus';
import { readHead } from '../../src/live/log/live-log';
import type { Database } from '../../src/platform/database';
import { createLists } from '../../src/process/lists';
import { type BenchEpisodes, createBenchEpisodes, PADDED_TITLE } from './bench-episodes';
import { type EventPublisher, type EventSize, monotonicNs, type PublishedEvent } from './event-publisher';

const BENCH: Actor = { kind: 'system', id: null, name: 'bench', via: 'command' };

/** Makes events by real writes of the catalog, as an admin's form does: transaction, change log, bus. */
export class CatalogPublisher implements EventPublisher {
  readonly #catalog: WriteContext;
  readonly #episodes: BenchEpisodes;
  /** By episode: what its write gave. */
  readonly #committed = new Map<string, PublishedEvent>();
  #writes = 0;
  #hidden = 0;
  lastSeq = 0;

  private constructor(db: Database, bus: Bus, episodes: BenchEpisodes) {
    this.#episodes = episodes;
    this.#catalog = {
      db,
      audit: async () => undefined,
      lists: createLists().all,
      publish: (commit) => {
        const atNs = monotonicNs();
        for (const { seq, key } of commit.changes) {
          this.lastSeq = Math.max(this.lastSeq, seq);
          this.#committed.set(key, { seq, atNs });
        }
        // A publish that fails ends the measurement, as it should.
        void bus.publish(commit);
      },
    };
  }

  static async open(db: Database, bus: Bus): Promise<CatalogPublisher> {
    const publisher = new CatalogPublisher(db, bus, await createBenchEpisodes(db));
    publisher.lastSeq = (await readHead(db)).seq;
    return publisher;
  }

  /** For small events there must be something to hide: what was hidden is shown again, which is one `reset`. */
  async prepare(size: EventSize, count: number): Promise<void> {
    const { seriesIds, episodes } = this.#episodes.small;
    if (size !== 'small' || episodes.length - this.#hidden >= count) return;
    await writeCatalog(this.#catalog, BENCH, { seriesIds, episodeIds: 'all-of-series' }, ({ trx }) =>
      trx('episodes').whereIn('series_id', seriesIds).update({ status: 'published' }),
    );
    this.#hidden = 0;
  }

  async publish(size: EventSize): Promise<PublishedEvent> {
    const { episodes } = this.#episodes[size];
    const turn = size === 'small' ? this.#hidden++ : this.#writes++;
    const episode = episodes[turn % episodes.length];
    if (!episode) throw new Error(`There is no episode for a ${size} event.`);
    const change =
      size === 'small'
        ? { status: 'hidden' }
        : { title: PADDED_TITLE[size].replace('#######', String(1_000_000 + turn)) };
    const scope = { seriesIds: [episode.seriesId], episodeIds: [episode.id] };
    await writeCatalog(this.#catalog, BENCH, scope, ({ trx }) =>
      trx('episodes').where({ id: episode.id }).update(change),
    );
    const committed = this.#committed.get(episode.id);
    if (!committed) throw new Error(`The write of episode ${episode.id} made no event.`);
    this.#committed.delete(episode.id);
    return committed;
  }
}
