import { parseArgs } from 'node:util';
import { UsageError } from '../src/commands/support/run-command';
import {
  DEPLOYED_SERVERS,
  FAN_OUT_SERVERS,
  SERVER_NAMES,
  type ServerName,
} from './servers/server-under-test';

export const MEASURES = [
  'fanout',
  'connect',
  'deployed',
  'storm',
  'herd',
  'latency',
  'varnish',
  'idle',
  'soak',
] as const;
export type Measure = (typeof MEASURES)[number];

export type BenchOptions = {
  /** As the user wrote them. */
  readonly args: readonly string[];
  readonly task: Measure | 'all' | 'report';
  /** To see that everything works: small numbers that mean nothing. */
  readonly isQuick: boolean;
  /** Undefined: as many as the measure likes. */
  readonly clients: readonly number[] | undefined;
  readonly rounds: number;
  /** Undefined: those that the measure compares. */
  readonly servers: readonly ServerName[] | undefined;
  /** Of the soak. */
  readonly minutes: number;
};

/** @throws {UsageError} */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      clients: { type: 'string' },
      rounds: { type: 'string' },
      servers: { type: 'string' },
      minutes: { type: 'string' },
    },
  });
  const [task, ...rest] = positionals;
  const known = [...MEASURES, 'all', 'report'] as const;
  const found = known.find((each) => each === task);
  if (!found || rest.length > 0) throw new UsageError(`Name one of ${known.join(', ')}.`);
  const { quick } = values;
  return {
    args,
    task: found,
    isQuick: quick,
    clients: values.clients?.split(',').map((text) => wholeNumber('--clients', text)),
    rounds: values.rounds === undefined ? (quick ? 1 : 3) : wholeNumber('--rounds', values.rounds),
    servers: values.servers?.split(',').map(serverName),
    minutes: values.minutes === undefined ? (quick ? 1 : 30) : wholeNumber('--minutes', values.minutes),
  };
}

/** Numbers of clients for a measure. */
export function clientsOf(measure: Measure, { clients, isQuick }: BenchOptions): readonly number[] {
  if (clients) return clients;
  if (isQuick) return [500];
  if (measure === 'varnish') return [1_000, 4_000];
  if (measure === 'deployed') return [4_000];
  return measure === 'fanout' || measure === 'connect' ? [1_000, 10_000, 19_500] : [10_000];
}

/** Those that a measure compares. */
export function serversOf(measure: Measure, { servers }: BenchOptions): readonly ServerName[] {
  return servers ?? (measure === 'deployed' ? DEPLOYED_SERVERS : FAN_OUT_SERVERS);
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new UsageError(`${name}: Must be a whole number.`);
  return Number(text);
}

function serverName(text: string): ServerName {
  const found = SERVER_NAMES.find((name) => name === text);
  if (!found) throw new UsageError(`--servers: Must be of ${SERVER_NAMES.join(', ')}.`);
  return found;
}
