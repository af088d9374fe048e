import { differences, type ListState } from '../../../src/commands/stream/differences';
import { StreamFollower } from '../../../src/commands/stream/stream-follower';
import { seqOf } from '../../../src/live/state/cursor';
import { until } from '../../support/until';
import { Leaks } from './leaks';

/** What the process of a crowd is asked for, one after the other; each is answered. */
export type CrowdRequest =
  | { readonly type: 'start'; readonly url: string; readonly clients: number; readonly marker: string }
  /** Cuts the connection of so many of the clients: 0 to 1. */
  | { readonly type: 'drop'; readonly share: number }
  | { readonly type: 'behind'; readonly head: string }
  /** What each client has counted since the crowd was started. */
  | { readonly type: 'counters' }
  | { readonly type: 'report'; readonly truth: ListState };

/** What a crowd has seen. */
export type CrowdReport = {
  /** Cards that a client lacked, showed in an old state, or still showed. */
  readonly missed: number;
  /** Whatever else a client had wrong, and what may never happen, in sentences. */
  readonly wrong: readonly string[];
  readonly leaks: readonly string[];
  /** By number of a change: when the last client was told it, in milliseconds since 1970. */
  readonly arrivals: ReadonlyMap<number, number>;
  readonly resets: number;
  readonly reconnects: number;
};

let clients: readonly StreamFollower[] = [];
let leaks = new Leaks('');
const arrivals = new Map<number, number>();

async function start({ url, clients: count, marker }: CrowdRequest & { type: 'start' }): Promise<void> {
  leaks = new Leaks(marker);
  clients = await Promise.all(
    Array.from({ length: count }, () =>
      StreamFollower.start({
        url,
        onEvent: ({ id, event }) => {
          leaks.look('stream', JSON.stringify(event));
          if (id && (event.type === 'upsert' || event.type === 'remove')) arrivals.set(seqOf(id), Date.now());
        },
      }),
    ),
  );
  await until(() => clients.every((client) => client.isLive));
}

/** Those that lack something up to this point, or have no stream, in sentences. */
function behind(head: string): string[] {
  return clients
    .filter((client) => !client.hasReached(head) || !client.isLive)
    .map(
      ({ lastId, isLive, counters }) => `${lastId} of ${head}, live: ${isLive}, ${JSON.stringify(counters)}`,
    );
}

function report(truth: ListState): CrowdReport {
  let missed = 0;
  const wrong: string[] = [];
  for (const client of clients) {
    for (const { kind, text } of differences(client.list, truth)) {
      if (kind === 'missing' || kind === 'stale' || kind === 'extra') missed++;
      wrong.push(text);
    }
    wrong.push(...client.violations);
  }
  const sum = (count: (client: StreamFollower) => number) =>
    clients.reduce((total, client) => total + count(client), 0);
  return {
    missed,
    wrong,
    leaks: leaks.found,
    arrivals,
    resets: sum(({ counters }) => counters.resets),
    reconnects: sum(({ counters }) => counters.connects - 1),
  };
}

async function answer(request: CrowdRequest): Promise<unknown> {
  switch (request.type) {
    case 'start':
      return start(request);
    case 'drop':
      for (const client of clients) if (Math.random() < request.share) client.drop();
      return undefined;
    case 'behind':
      return behind(request.head);
    case 'counters':
      return clients.map(({ counters }) => ({ ...counters }));
    case 'report':
      return report(request.truth);
  }
}

process.on('message', (request: CrowdRequest) => {
  void answer(request).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit());
