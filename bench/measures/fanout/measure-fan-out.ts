import type { EventSize, PublishedEvent } from '../../events/event-publisher';
import type { Arrival, StreamGenerator } from '../../generator/stream-generator';
import { serverCoreNs } from '../../machine/core-time';
import { cpuNs } from '../../machine/process-figures';
import type { ServerUnderTest } from '../../servers/server-under-test';
import { quantile } from '../../statistics';
import { publishPaced } from './publish-paced';

export type FanOutLoad = {
  readonly size: EventSize;
  /** Events a second. */
  readonly rate: number;
  readonly seconds: number;
};

/** What one load did to one server in one round. */
export type FanOutSample = {
  /** Processor time of the server for one event to one client, in microseconds. */
  readonly cpuUs: number;
  /** Events a second that were made. */
  readonly rate: number;
  /** From the commit of an event to its reading by the last client; undefined for compressed streams. */
  readonly lastClientMs: { readonly p50: number; readonly p99: number; readonly max: number } | undefined;
  /** Share of its core that the generator used. */
  readonly generatorBusy: number;
  /** Share of the server's core that others used, the host of a virtual machine included; older results don't have it. */
  readonly othersBusy?: number;
  /** Events that came as `reset`, summed over the clients. */
  readonly resets: number;
  /** Clients that the server cut. */
  readonly cut: number;
  /** Everything that was sent has been read in time. */
  readonly isComplete: boolean;
};

const WARM_UP_EVENTS = 5;
const DRAIN_MS = 25_000;

/** Loads the server, whose clients are connected, and waits until all is read. */
export async function measureFanOut(
  server: ServerUnderTest,
  streams: StreamGenerator,
  clients: number,
  load: FanOutLoad,
): Promise<FanOutSample> {
  const { publisher } = server;
  const { size, rate } = load;
  const count = Math.max(3, Math.round(load.rate * load.seconds));
  await publisher.prepare(size, count + WARM_UP_EVENTS);
  await streams.mark(publisher.lastSeq);
  await publishPaced(publisher, { size, rate: Math.min(rate, 10), count: WARM_UP_EVENTS });
  await streams.untilDelivered(publisher.lastSeq, DRAIN_MS);

  const markSeq = publisher.lastSeq;
  await streams.mark(markSeq);
  const before = {
    serverNs: cpuNs(...server.pids),
    generatorNs: cpuNs(streams.pid),
    coreNs: serverCoreNs(),
    ms: performance.now(),
  };
  const { closed } = await streams.report();
  const published = await publishPaced(publisher, { size, rate, count });
  const publishedMs = performance.now() - before.ms;
  const isComplete = await streams.untilDelivered(publisher.lastSeq, DRAIN_MS);
  const elapsedMs = performance.now() - before.ms;
  const serverNs = cpuNs(...server.pids) - before.serverNs;
  const othersNs = serverCoreNs() - before.coreNs - serverNs;
  const report = await streams.report();
  const arrivals = server.isOpaque ? [] : await streams.arrivals();
  return {
    cpuUs: serverNs / 1_000 / (count * clients),
    rate: (count * 1_000) / publishedMs,
    lastClientMs: lastClients(published, arrivals, markSeq),
    generatorBusy: (cpuNs(streams.pid) - before.generatorNs) / 1e6 / elapsedMs,
    othersBusy: Math.max(0, othersNs) / 1e6 / elapsedMs,
    resets: report.resets,
    cut: report.closed - closed,
    isComplete,
  };
}

function lastClients(
  published: readonly PublishedEvent[],
  arrivals: readonly Arrival[],
  markSeq: number,
): FanOutSample['lastClientMs'] {
  const delaysMs = published.flatMap(({ seq, atNs }) => {
    const arrival = arrivals[seq - markSeq - 1];
    return arrival ? [(arrival.lastNs - atNs) / 1e6] : [];
  });
  if (delaysMs.length === 0) return undefined;
  return { p50: quantile(delaysMs, 0.5), p99: quantile(delaysMs, 0.99), max: quantile(delaysMs, 1) };
}
