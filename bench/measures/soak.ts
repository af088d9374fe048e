import { setTimeout as sleep } from 'node:timers/promises';
import { descriptors, rssKiB } from '../machine/process-figures';
import type { Workplace } from '../machine/workplace';
import type { Progress } from '../progress';
import { startNipnime } from '../servers/nipnime';
import type { ServerUnderTest } from '../servers/server-under-test';
import { SiteMetrics } from '../servers/site-metrics';
import type { SiteSurroundings } from '../servers/site-surroundings';
import { slope } from '../statistics';
import { type ConnectedStreams, connectClients } from './fanout/measure-connections';

type SoakMinute = {
  readonly minute: number;
  readonly rssMiB: number;
  /** The least of the minute, which is what a collection of garbage leaves; undefined where the site does not tell. */
  readonly heapMiB: number | undefined;
  readonly descriptors: number;
  readonly open: number;
};

export type SoakResult = {
  readonly clients: number;
  readonly minutes: readonly SoakMinute[];
  /** By what part of its mean each figure rises from the first quarter on to the end. */
  readonly growth: { readonly rss: number; readonly heap: number | undefined; readonly descriptors: number };
  readonly isFlat: boolean;
  readonly events: number;
  readonly reconnects: number;
  /** Streams that ended without being asked to. */
  readonly lost: number;
};

const RECONNECTS_A_SECOND = 200;
const EVENTS_A_SECOND = 2;
/** Less than the noise of one garbage collection. */
const FLAT = 0.05;

/** Clients come and go, cards change and pages are read, for a long time. */
export async function measureSoak(
  workplace: Workplace,
  site: SiteSurroundings,
  plan: { readonly clients: readonly number[]; readonly minutes: number },
  progress: Progress,
): Promise<SoakResult> {
  const clients = plan.clients[0] ?? 1_000;
  const server = await startNipnime(workplace, site);
  const minutes: SoakMinute[] = [];
  const counts = { events: 0, reconnects: 0 };
  progress.expect(plan.minutes);
  try {
    const connected = await connectClients(workplace.cleanup, server, { clients, atOnce: 256 });
    for (let minute = 1; minute <= plan.minutes; minute++) {
      progress.begin(`minute ${minute} of ${plan.minutes}, ${clients} clients`);
      const sample = { minute, ...(await soakOneMinute(server, connected, counts)) };
      minutes.push(sample);
      progress.tell(
        `${sample.rssMiB.toFixed(0)} MiB, heap ${sample.heapMiB?.toFixed(1) ?? '?'} MiB, ${sample.descriptors} descriptors, ${sample.open} streams`,
      );
    }
    const { closed } = await connected.streams.report();
    await connected.close();
    return { clients, minutes, ...verdict(minutes), ...counts, lost: closed };
  } finally {
    await server.stop();
  }
}

async function soakOneMinute(
  server: ServerUnderTest,
  { streams }: ConnectedStreams,
  counts: { events: number; reconnects: number },
): Promise<Omit<SoakMinute, 'minute'>> {
  const { pids, port, publisher } = server;
  const heaps: number[] = [];
  await streams.mark(publisher.lastSeq);
  const startedMs = performance.now();
  for (let second = 0; second < 60; second++) {
    await streams.reconnect(RECONNECTS_A_SECOND);
    for (let event = 0; event < EVENTS_A_SECOND; event++) await publisher.publish('card');
    await (await fetch(`http://127.0.0.1:${port}/episodes/latest`)).arrayBuffer();
    counts.events += EVENTS_A_SECOND;
    counts.reconnects += RECONNECTS_A_SECOND;
    const metrics = await SiteMetrics.read(server).catch(() => undefined);
    const heap = metrics?.value('nodejs_heap_size_used_bytes');
    if (heap !== undefined) heaps.push(heap / 2 ** 20);
    await sleep(Math.max(0, startedMs + (second + 1) * 1_000 - performance.now()));
  }
  const { open } = await streams.report();
  return {
    rssMiB: rssKiB(...pids) / 1_024,
    heapMiB: heaps.length > 0 ? Math.min(...heaps) : undefined,
    descriptors: descriptors(...pids),
    open,
  };
}

function verdict(minutes: readonly SoakMinute[]): Pick<SoakResult, 'growth' | 'isFlat'> {
  // Code is compiled and buffers find their size in the beginning.
  const steady = minutes.slice(Math.floor(minutes.length / 4));
  const growthOf = (figure: (minute: SoakMinute) => number): number => {
    const points = steady.map((minute) => ({ x: minute.minute, y: figure(minute) }));
    const mean = points.reduce((sum, { y }) => sum + y, 0) / points.length;
    return (slope(points) * (points.length - 1)) / mean;
  };
  const growth = {
    rss: growthOf(({ rssMiB }) => rssMiB),
    heap: steady.every(({ heapMiB }) => heapMiB !== undefined)
      ? growthOf(({ heapMiB = 0 }) => heapMiB)
      : undefined,
    descriptors: growthOf(({ descriptors }) => descriptors),
  };
  return { growth, isFlat: Object.values(growth).every((part = 0) => part < FLAT) };
}
