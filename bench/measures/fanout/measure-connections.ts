import { setTimeout as sleep } from 'node:timers/promises';
import { type Opening, StreamGenerator } from '../../generator/stream-generator';
import type { Cleanup } from '../../machine/cleanup';
import { cpuNs, rssKiB } from '../../machine/process-figures';
import type { ServerUnderTest } from '../../servers/server-under-test';

/** What it took one server to take its clients in. */
export type ConnectSample = Opening & {
  /** Processor time of a connect, in microseconds. */
  readonly cpuUs: number;
  /** Memory of a connection, in KiB. */
  readonly rssKiB: number;
};

export type ConnectedStreams = {
  readonly streams: StreamGenerator;
  readonly sample: ConnectSample;
  /** Memory of a connection by now, in KiB. */
  rssKiB(): number;
  close(): Promise<void>;
};

type ConnectPlan = {
  readonly clients: number;
  /** Connections that are on their way at a time. */
  readonly atOnce: number;
  /** Before and after, for the memory to be what it stays; 1,000. */
  readonly settlingMs?: number;
};

const SETTLING_MS = 1_000;

/** Connects the clients. */
export async function connectClients(
  cleanup: Cleanup,
  server: ServerUnderTest,
  { clients, atOnce, settlingMs = SETTLING_MS }: ConnectPlan,
): Promise<ConnectedStreams> {
  await sleep(settlingMs);
  const before = { rss: rssKiB(server.pid), cpu: cpuNs(server.pid) };
  const streams = new StreamGenerator({
    port: server.port,
    clients,
    atOnce,
    request: server.request,
    isOpaque: server.isOpaque,
    awaitsHello: server.greets,
  });
  const close = cleanup.add(() => streams.stop());
  const opening = await streams.opened;
  const cpuUs = (cpuNs(server.pid) - before.cpu) / 1_000 / clients;
  await sleep(settlingMs);
  const perConnection = (): number => (rssKiB(server.pid) - before.rss) / clients;
  return { streams, sample: { ...opening, cpuUs, rssKiB: perConnection() }, rssKiB: perConnection, close };
}
