import { setTimeout as sleep } from 'node:timers/promises';
import { type Opening, StreamGenerator } from '../../generator/stream-generator';
import type { Cleanup } from '../../machine/cleanup';
import { kernelMemory } from '../../machine/kernel-memory';
import { cpuNs, rssKiB } from '../../machine/process-figures';
import type { ServerUnderTest } from '../../servers/server-under-test';

/** What it took one server to take its clients in. */
export type ConnectSample = Opening &
  ConnectionMemory & {
    /** Processor time of a connect, in microseconds. */
    readonly cpuUs: number;
  };

/** Memory of a connection, in KiB. */
export type ConnectionMemory = {
  readonly rssKiB: number;
  /** Of the kernel, for the server's sockets, not the client's; undefined where it can't be read. */
  readonly kernelKiB: number | undefined;
};

export type ConnectedStreams = {
  readonly streams: StreamGenerator;
  readonly sample: ConnectSample;
  /** By now. */
  memory(): ConnectionMemory;
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
  const before = { rss: rssKiB(...server.pids), cpu: cpuNs(...server.pids), kernel: kernelMemory() };
  const streams = new StreamGenerator({
    port: server.port,
    clients,
    atOnce,
    request: server.request,
    isOpaque: server.isOpaque,
    awaitsHello: server.greets,
    tls: server.tls ?? false,
  });
  const close = cleanup.add(() => streams.stop());
  const opening = await streams.opened;
  const cpuUs = (cpuNs(...server.pids) - before.cpu) / 1_000 / clients;
  await sleep(settlingMs);
  const memory = (): ConnectionMemory => {
    const kernel = kernelMemory();
    return {
      rssKiB: (rssKiB(...server.pids) - before.rss) / clients,
      kernelKiB:
        kernel &&
        before.kernel &&
        (kernel.socketsKiB - before.kernel.socketsKiB) / clients - kernel.oneSocketKiB,
    };
  };
  return { streams, sample: { ...opening, cpuUs, ...memory() }, memory, close };
}
