import type { Logger } from '../platform/log';
import type { ChangeEvent, PublicEpisode } from './change-event';
import type { UnreadableChange } from './change-log';

/** Gives those of the episodes that are public, as they are now. */
export type FindPublic = (episodeIds: readonly string[]) => Promise<readonly PublicEpisode[]>;

/** Makes events of what the log holds, also of the rows that another version of the code has written. */
export class ReadableChanges {
  readonly #log: Logger;
  readonly #findPublic: FindPublic | undefined;

  constructor(log: Logger, findPublic: FindPublic | undefined) {
    this.#log = log;
    this.#findPublic = findPublic;
  }

  /** A row that can't be read is told as what is true of its episode now; where even that is not known, everybody reads again. */
  async all(rows: readonly (ChangeEvent | UnreadableChange)[]): Promise<ChangeEvent[]> {
    const unreadable = rows.filter((row) => row.type === 'unreadable');
    if (unreadable.length === 0) return rows.filter((row) => row.type !== 'unreadable');
    const seqs = unreadable.map(({ seq }) => seq);
    this.#log.warn(
      { count: seqs.length, first: seqs[0], last: seqs.at(-1) },
      'Changes of another version in the log',
    );
    const present = await this.#findPresent(unreadable.flatMap(({ episodeId }) => episodeId ?? []));
    return rows.map((row) => (row.type === 'unreadable' ? presentState(row, present) : row));
  }

  async #findPresent(episodeIds: readonly string[]): Promise<ReadonlyMap<string, PublicEpisode> | undefined> {
    try {
      const episodes = await this.#findPublic?.([...new Set(episodeIds)]);
      return episodes && new Map(episodes.map((episode) => [episode.episodeId, episode]));
    } catch (error) {
      this.#log.warn({ err: error }, 'The episodes of unreadable changes could not be read');
      return undefined;
    }
  }
}

/** @param present undefined when it could not be read */
function presentState(
  { epoch, seq, episodeId, isNew }: UnreadableChange,
  present: ReadonlyMap<string, PublicEpisode> | undefined,
): ChangeEvent {
  if (!present || episodeId === undefined) return { epoch, seq, type: 'reset' };
  const episode = present.get(episodeId);
  return episode ? { epoch, seq, type: 'upsert', episode, isNew } : { epoch, seq, type: 'remove', episodeId };
}
