import { type ChangeEvent, type Cursor, changedEpisodeId, parseCursor } from '../changes/change-event';
import type { ChangeFeed, ResetReason } from '../changes/change-feed';
import { helloFrame, resetFrame, retryFrame } from './sse-frame';
import { StreamBytes } from './stream-bytes';

/** What a new client has to be told first. */
export type Greeting =
  | { readonly resume: 'fresh' }
  | { readonly resume: 'reset'; readonly reason: ResetReason }
  | {
      readonly resume: 'ok';
      readonly cursor: Cursor;
      readonly events: readonly ChangeEvent[];
      /** Where the feed was when the events were read from it. */
      readonly reached: Cursor;
    };

/** Over which time the readers of a page spread their refetch after a reset. */
export const RESET_SPREAD_MS = 8_000;
const MAX_REPLAY_BYTES = 256 * 1_024;

type GreetingOptions = {
  readonly feed: Pick<ChangeFeed, 'cursor' | 'since' | 'catchUp'>;
  readonly findPublicIds: (episodeIds: readonly string[]) => Promise<ReadonlySet<string>>;
};

/** @param resumeFrom what the client sent as its last id */
export async function prepareGreeting(options: GreetingOptions, resumeFrom: string): Promise<Greeting> {
  const { feed } = options;
  const cursor = parseCursor(resumeFrom);
  if (!cursor) return { resume: 'reset', reason: 'malformed' };
  // A node that merely lags behind the client must not send it away.
  if (cursor.seq > feed.cursor.seq || cursor.epoch !== feed.cursor.epoch) await feed.catchUp();
  const missed = feed.since(cursor);
  if ('reset' in missed) return { resume: 'reset', reason: missed.reset };
  const reached = feed.cursor;
  return { resume: 'ok', cursor, events: await withoutHidden(options, missed.events), reached };
}

/** The first frames of a client, synchronously, so that they reach up to the feed's cursor as it is now. */
export function greetingBytes(
  greeting: Greeting,
  feed: GreetingOptions['feed'],
  { retryMs, ...times }: { readonly retryMs: number; readonly heartbeatMs: number; readonly ttlMs: number },
  encode: (event: ChangeEvent) => StreamBytes,
): { readonly resume: Greeting['resume']; readonly bytes: StreamBytes } {
  const hello = (resume: Greeting['resume'], complete: Cursor | undefined): string =>
    retryFrame(retryMs) + helloFrame({ resume, ...times }, complete);
  const told = (reason: ResetReason) => ({
    resume: 'reset' as const,
    bytes: StreamBytes.once(hello('reset', undefined) + resetFrame(feed.cursor, reason, RESET_SPREAD_MS)),
  });
  if (greeting.resume === 'reset') return told(greeting.reason);
  if (greeting.resume === 'fresh')
    return { resume: 'fresh', bytes: StreamBytes.once(hello('fresh', feed.cursor)) };
  // Events that came while the replay was checked.
  const later = feed.since(greeting.reached);
  if ('reset' in later) return told(later.reset);
  const replay = [...greeting.events, ...later.events].map(encode);
  if (replay.reduce((length, each) => length + each.length, 0) > MAX_REPLAY_BYTES) return told('gap');
  return {
    resume: 'ok',
    bytes: StreamBytes.join([StreamBytes.once(hello('ok', greeting.cursor)), ...replay]),
  };
}

async function withoutHidden(
  { findPublicIds }: GreetingOptions,
  events: readonly ChangeEvent[],
): Promise<readonly ChangeEvent[]> {
  const upserts = events.filter((event) => event.type === 'upsert');
  if (upserts.length === 0) return events;
  const visible = await findPublicIds(upserts.map(changedEpisodeId));
  return events.map((event) => {
    if (event.type !== 'upsert' || visible.has(changedEpisodeId(event))) return event;
    const { epoch, seq } = event;
    return { epoch, seq, type: 'remove', episodeId: changedEpisodeId(event) };
  });
}
