import { once } from 'node:events';
import { connect } from 'node:net';
import { Service } from '../../src/commands/fleet/service';
import type { EventPublisher } from '../events/event-publisher';
import type { Workplace } from '../machine/workplace';

/** In the order of the tables. */
export const FAN_OUT_SERVERS = ['floor', 'http', 'better-sse', 'nchan', 'nipnime', 'nipnime-gzip'] as const;
/** From the client to the site, as it is deployed and as it could be; chains.ts reads what they are made of from the names. */
export const CHAINS = [
  'nipnime-nginx',
  'nipnime-nginx-small',
  'nipnime-nginx-unix',
  'nipnime-tls',
  'nipnime-nginx-tls',
  'nipnime-nginx-tls-small',
  'nipnime-nginx-tls-unix',
  'nipnime-stream-tls',
] as const;
export type Chain = (typeof CHAINS)[number];
export const DEPLOYED_SERVERS = ['nchan', 'nchan-tls', 'nipnime', ...CHAINS] as const;
export type ServerName = (typeof FAN_OUT_SERVERS)[number] | (typeof DEPLOYED_SERVERS)[number];
export const SERVER_NAMES: readonly ServerName[] = [...new Set([...FAN_OUT_SERVERS, ...DEPLOYED_SERVERS])];

export function isOverTls(name: ServerName): boolean {
  return name.split('-').includes('tls');
}

/** A running server of event streams. */
export type ServerUnderTest = {
  readonly name: ServerName;
  /** Of everything that serves, the children of these included. */
  readonly pids: readonly number[];
  readonly port: number;
  readonly tls?: boolean;
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
): Promise<{ readonly pids: readonly number[]; stop(): Promise<void> }> {
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
  return { pids: [service.pid], stop };
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
