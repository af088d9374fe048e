import type { EventSize } from '../../events/event-publisher';
import type { Frames } from '../../events/frame';
import { isOverTls, type ServerName } from '../../servers/server-under-test';
import { type Spread, spread } from '../../statistics';
import type { Visit, VisitSample } from './fanout';
import type { FanOutSample } from './measure-fan-out';

export type ConnectRow = {
  readonly server: ServerName;
  readonly clients: number;
  readonly cpuUs: Spread;
  readonly rssKiB: Spread;
  /** After the events; undefined when there were none. */
  readonly loadedRssKiB: Spread | undefined;
  /** The kernel's, after the events; undefined when there were none, or where it can't be read. */
  readonly loadedKernelKiB: Spread | undefined;
  /** In the worst round. */
  readonly refused: number;
};

export type FanOutRow = {
  readonly server: ServerName;
  readonly clients: number;
  readonly size: EventSize;
  /** Events a second that were asked for, and that were made. */
  readonly rate: number;
  readonly madeRate: number;
  readonly cpuUs: Spread;
  /** Against the same load in the same round. */
  readonly toFloor: Spread | undefined;
  readonly toNchan: Spread | undefined;
  /** Against the site itself, without anything in front of it and without TLS. */
  readonly toNipnime: Spread | undefined;
  /** Medians of the rounds. */
  readonly lastClientMs: FanOutSample['lastClientMs'];
  readonly generatorBusy: number;
  /** Share of the server's core that others used, in the worst round; older results don't have it. */
  readonly othersBusy?: number;
  readonly resets: number;
  readonly cut: number;
  /** Rounds in which not all was read in time. */
  readonly incomplete: number;
};

export type FanOutResult = {
  /** Length of the events on the wire, in bytes. */
  readonly frameBytes: Readonly<Record<EventSize, number>>;
  readonly connects: readonly ConnectRow[];
  readonly rows: readonly FanOutRow[];
  /** Visits that came to nothing, and why. */
  readonly failures: readonly string[];
};

export function summarise(
  visits: readonly Visit[],
  failures: readonly string[],
  frames: Frames,
): FanOutResult {
  const groups = groupBy(visits, ({ server, clients }) => `${clients} ${server}`);
  return {
    frameBytes: { small: frames.small.bytes, card: frames.card.bytes, large: frames.large.bytes },
    connects: groups.flatMap(connectRow),
    rows: groups.flatMap((group) => fanOutRows(group, visits)),
    failures,
  };
}

function connectRow(visits: readonly Visit[]): ConnectRow[] {
  const [first] = visits;
  if (!first) return [];
  const { server, clients } = first;
  const rssKiB = spread(visits.map(({ connect }) => connect.rssKiB));
  // After the loads that are easy for all: what overload piles up says nothing about a connection.
  const loaded = visits.flatMap(
    ({ samples }) => samples.findLast(({ askedRate }) => askedRate === samples[0]?.askedRate) ?? [],
  );
  const spreadOf = (values: readonly number[]) => (values.length > 0 ? spread(values) : undefined);
  return [
    {
      server,
      clients,
      cpuUs: spread(visits.map(({ connect }) => connect.cpuUs)),
      rssKiB,
      loadedRssKiB: spreadOf(loaded.map(({ rssKiB }) => rssKiB)),
      loadedKernelKiB: spreadOf(loaded.flatMap(({ kernelKiB }) => kernelKiB ?? [])),
      refused: Math.max(...visits.map(({ connect }) => connect.refused)),
    },
  ];
}

function fanOutRows(group: readonly Visit[], visits: readonly Visit[]): FanOutRow[] {
  const samples = group.flatMap(({ round, samples }) => samples.map((sample) => ({ ...sample, round })));
  const loads = groupBy(samples, ({ size, askedRate }) => `${size} ${askedRate}`);
  return loads.flatMap((load) => {
    const [first] = load;
    const [visit] = group;
    if (!first || !visit) return [];
    const { server, clients } = visit;
    const { size, askedRate } = first;
    const against = (peer: ServerName): Spread | undefined => {
      const ratios = load.flatMap(({ round, cpuUs }) => {
        const other = findSample(visits, { server: peer, clients, round }, { size, askedRate });
        return other ? [cpuUs / other.cpuUs] : [];
      });
      return ratios.length > 0 ? spread(ratios) : undefined;
    };
    return [
      {
        ...{ server, clients, size, rate: askedRate },
        madeRate: medianOf(load, ({ rate }) => rate),
        cpuUs: spread(load.map(({ cpuUs }) => cpuUs)),
        toFloor: against('floor'),
        // Whoever encrypts is compared with one that does.
        toNchan: against(isOverTls(server) ? 'nchan-tls' : 'nchan'),
        toNipnime: against('nipnime'),
        lastClientMs: lastClientMs(load),
        generatorBusy: medianOf(load, ({ generatorBusy }) => generatorBusy),
        othersBusy: Math.max(...load.map(({ othersBusy = 0 }) => othersBusy)),
        resets: Math.max(...load.map(({ resets }) => resets)),
        cut: Math.max(...load.map(({ cut }) => cut)),
        incomplete: load.filter(({ isComplete }) => !isComplete).length,
      },
    ];
  });
}

function findSample(
  visits: readonly Visit[],
  wanted: Pick<Visit, 'server' | 'clients' | 'round'>,
  load: Pick<VisitSample, 'size' | 'askedRate'>,
): VisitSample | undefined {
  return visits
    .find(
      ({ server, clients, round }) =>
        server === wanted.server && clients === wanted.clients && round === wanted.round,
    )
    ?.samples.find(({ size, askedRate }) => size === load.size && askedRate === load.askedRate);
}

function lastClientMs(load: readonly VisitSample[]): FanOutSample['lastClientMs'] {
  const delays = load.flatMap((sample) => sample.lastClientMs ?? []);
  if (delays.length === 0) return undefined;
  return {
    p50: medianOf(delays, ({ p50 }) => p50),
    p99: medianOf(delays, ({ p99 }) => p99),
    max: medianOf(delays, ({ max }) => max),
  };
}

function medianOf<T>(values: readonly T[], figure: (value: T) => number): number {
  return spread(values.map(figure)).median;
}

/** In the order in which the keys come first. */
function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups.values()];
}
