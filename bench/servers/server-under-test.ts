import { once } from 'node:events';
import { connect } from 'node:net';
import { Service } from '../../src/commands/fleet/service';
import type { EventPublisher } from '../events/event-publisher';
import type { Workplace } from '../machine/workplace';

/** In the order of the tables. */
export const SERVER_NAMES = ['floor', 'http', 'better-sse', 'nchan', 'nipnime', 'nipnime-gzip'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** A running server of event streams. */
export type ServerUnderTest = {
  readonly name: ServerName;
  readonly pid: number;
  readonly port: number;
  /** Where a site tells its metrics. */
  readonly metricsPort?: number;
  /** Head of the request for a stream. */
  readonly request: string;
  /** Its streams are compressed. */
  readonly isOpaque: boolean;
  /** A stream begins with an event `hello`. */
  readonly greets: boolean;
  readonly publisher: EventPublisher;
  stop(): Promise<void>;
};

type ServerCommand = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly port: number;
  readonly stopSignal: NodeJS.Signals;
  readonly isReady?: () => Promise<boolean>;
};

/** Starts a program on the core of servers. Resolves when it takes connections. */
export async function startServer(
  { pinning, cleanup }: Workplace,
  command: ServerCommand,
): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  const { name, env, port, stopSignal, isReady = () => isListening(port) } = command;
  const service = new Service(
    { name, onLine: (line) => process.stderr.write(`  ${name}: ${line}\n`) },
    { ...pinning.server(command), env },
  );
  const stop = cleanup.add(() => service.stop(stopSignal));
  try {
    await service.untilReady(isReady);
  } catch (error) {
    await stop();
    throw error;
  }
  if (service.pid === undefined) throw new Error(`${name} has ended.`);
  return { pid: service.pid, stop };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
