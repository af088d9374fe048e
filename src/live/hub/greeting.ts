import { coalesced, type PresentChange, type ResetReason, topicsInBurst } from '../feed/batch';
import type { Feed } from '../feed/feed';
import type { Present } from '../feed/present';
import { type Cursor, type LoggedChange, parseCursor } from '../log/change';
import type { LiveLog } from '../log/live-log';

/** What a new client has to be told first. */
export type Greeting = {
  readonly resume: 'fresh' | 'ok' | 'reset';
  /** The point that it continues from; undefined where it can't. */
  readonly from: Cursor | undefined;
  /** The point that it leads to. */
  readonly to: Cursor;
  /** What it has missed. */
  readonly changes: readonly PresentChange[];
  /** Topics of which that can't be told, by the reason. */
  readonly resets: ReadonlyMap<ResetReason, readonly string[]>;
};

/** More changed items of a topic than this after a resume are told as a `reset` of it. */
const MAX_REPLAY = 100;
/** Rows that are read of the log for one client; with more, its topics begin anew. */
const MAX_ROWS = 2_000;

export type GreetingSources = {
  readonly feed: Pick<Feed, 'cursor' | 'recent' | 'catchUp'>;
  readonly log: Pick<LiveLog, 'readTopics'>;
  readonly present: Present;
};

/** A greeting of a client that has nothing to resume. */
export function fresh(to: Cursor): Greeting {
  return { resume: 'fresh', from: undefined, to, changes: [], resets: new Map() };
}

/** @param resumeFrom what the client sent as its last id */
export async function findResumePoint(
  { feed }: GreetingSources,
  resumeFrom: string,
): Promise<Cursor | ResetReason> {
  const from = parseCursor(resumeFrom);
  if (!from) return 'malformed';
  // A node that merely lags behind the client must not send it away.
  if (from.seq > feed.cursor.seq || from.epoch !== feed.cursor.epoch) await feed.catchUp();
  if (from.epoch !== feed.cursor.epoch) return 'epoch';
  return from.seq > feed.cursor.seq ? 'ahead' : from;
}

/** A greeting of a client that can't resume anything. */
export function toldToReset(reason: ResetReason, topics: readonly string[], to: Cursor): Greeting {
  return { resume: 'reset', from: undefined, to, changes: [], resets: new Map([[reason, topics]]) };
}

/** What a client has missed where nothing has to be asked for; undefined where it has. */
export function greetingOfNothing(
  { feed }: Pick<GreetingSources, 'feed'>,
  from: Cursor,
  topics: readonly string[],
): Greeting | undefined {
  const hasMissedNothing = topics.every((topic) => feed.recent(topic, from.seq)?.length === 0);
  return hasMissedNothing
    ? { resume: 'ok', from, to: feed.cursor, changes: [], resets: new Map() }
    : undefined;
}

/** Reads what a client has missed, up to the feed's cursor of the moment in which it is called. */
export async function prepareGreeting(
  { feed, log, present }: GreetingSources,
  from: Cursor,
  topics: readonly string[],
): Promise<Greeting> {
  const to = feed.cursor;
  const recent = topics.map((topic) => ({ topic, changes: feed.recent(topic, from.seq) }));
  const forgotten = recent.flatMap(({ topic, changes }) => (changes ? [] : [topic]));
  const logged = forgotten.length > 0 ? await log.readTopics(forgotten, from.seq, to.seq, MAX_ROWS) : [];
  const isLost = logged === undefined || logged.length === MAX_ROWS;
  const lost = isLost ? forgotten : [];
  const missed = inOrder([...recent.flatMap(({ changes }) => changes ?? []), ...(isLost ? [] : logged)]);
  const tooMany = topicsInBurst(missed, MAX_REPLAY).filter((topic) => topics.includes(topic));
  const told = topics.filter((topic) => !lost.includes(topic) && !tooMany.includes(topic));
  const changes = coalesced(missed).flatMap((change) => {
    const touched = change.topics.filter((topic) => told.includes(topic));
    return touched.length > 0 ? [{ ...change, topics: touched }] : [];
  });
  const items = await present.read(changes);
  const gone = [...lost, ...tooMany];
  return {
    resume: gone.length > 0 ? 'reset' : 'ok',
    from,
    to,
    changes: changes.map((change) => ({ ...change, item: items.of(change) })),
    resets: gone.length > 0 ? new Map([['gap', gone] as const]) : new Map(),
  };
}

/** Each change once, also one of several topics. */
function inOrder(changes: readonly LoggedChange[]): LoggedChange[] {
  return [...new Map(changes.map((change) => [change.seq, change])).values()].sort((a, b) => a.seq - b.seq);
}
