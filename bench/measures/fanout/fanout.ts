import type { EventSize } from '../../events/event-publisher';
import type { Workplace } from '../../machine/workplace';
import type { Progress } from '../../progress';
import type { Lineup } from '../../servers/lineup';
import type { ServerName } from '../../servers/server-under-test';
import { type ConnectionMemory, type ConnectSample, connectClients } from './measure-connections';
import { type FanOutLoad, type FanOutSample, measureFanOut } from './measure-fan-out';
import { type FanOutResult, summarise } from './summary';

/** All samples of one server with one number of clients in one round. */
export type Visit = {
  readonly server: ServerName;
  readonly clients: number;
  readonly round: number;
  readonly connect: ConnectSample;
  readonly samples: readonly VisitSample[];
};

/** The memory is that after the load. */
export type VisitSample = FanOutSample &
  ConnectionMemory & {
    readonly size: EventSize;
    readonly askedRate: number;
  };

type FanOutPlan = {
  readonly clients: readonly number[];
  readonly rounds: number;
  /** Before anything is measured, so that a server's code and memory are those of one that has been running. */
  readonly warmUpSeconds: number;
  readonly loads: (clients: number) => readonly FanOutLoad[];
};

const AT_ONCE = 256;
/** The number of clients with which rates are compared. */
const RATES_AT_CLIENTS = 10_000;
/** Deliveries a second that leave every server idle for a good part of the time. */
const EASY_DELIVERIES = 30_000;

/**
 * Every size with every number of clients at a rate that is easy for all, and more rates where the goals are set. The
 * hardest come last, so that what they leave behind disturbs nothing.
 */
export function fanOutLoads(clients: number): readonly FanOutLoad[] {
  const rate = Math.min(30, Math.max(1, Math.round(EASY_DELIVERIES / clients)));
  const sizes = (['small', 'card', 'large'] as const).map((size) => ({ size, rate, seconds: 4 }));
  if (clients !== RATES_AT_CLIENTS) return sizes;
  return [
    ...sizes,
    { size: 'card', rate: 1, seconds: 4 },
    { size: 'card', rate: 30, seconds: 4 },
    { size: 'card', rate: 100, seconds: 2 },
  ];
}

export function quickLoads(): readonly FanOutLoad[] {
  return (['small', 'card', 'large'] as const).map((size) => ({ size, rate: 20, seconds: 1 }));
}

/** Cards, at a rate that is easy for most and at one that is not. */
export function deployedLoads(): readonly FanOutLoad[] {
  return [
    { size: 'card', rate: 3, seconds: 10 },
    { size: 'card', rate: 30, seconds: 4 },
  ];
}

export function quickDeployedLoads(): readonly FanOutLoad[] {
  return [20, 30].map((rate) => ({ size: 'card', rate, seconds: 0.3 }));
}

/**
 * Visits the servers in turn, round after round, so that whatever disturbs the machine disturbs them all.
 * A server is started afresh for each visit.
 */
export async function measureFanOuts(
  workplace: Workplace,
  lineup: Lineup,
  plan: FanOutPlan,
  progress: Progress,
): Promise<FanOutResult> {
  const visits: Visit[] = [];
  const failures: string[] = [];
  progress.expect(plan.clients.length * plan.rounds * lineup.names.length);
  for (const clients of plan.clients) {
    for (let round = 1; round <= plan.rounds; round++) {
      for (const name of lineup.names) {
        const step = `${clients} clients, round ${round} of ${plan.rounds}: ${name}`;
        progress.begin(step);
        try {
          const place = { name, clients, round };
          visits.push(await visitServer(workplace, lineup, place, plan, progress));
        } catch (error) {
          if (workplace.cleanup.hasBegun) throw error;
          // One server that breaks under its load should not take an hour's results with it.
          failures.push(`${step}: ${error instanceof Error ? error.message : String(error)}`);
          progress.tell(`failed: ${failures.at(-1)}`);
        }
      }
    }
  }
  return summarise(visits, failures, lineup.frames);
}

async function visitServer(
  { cleanup }: Workplace,
  lineup: Lineup,
  { name, clients, round }: { readonly name: ServerName; readonly clients: number; readonly round: number },
  plan: FanOutPlan,
  progress: Progress,
): Promise<Visit> {
  const loads = plan.loads(clients);
  const server = await lineup.start(name);
  const samples: VisitSample[] = [];
  try {
    const connected = await connectClients(cleanup, server, { clients, atOnce: AT_ONCE });
    const { sample: connect } = connected;
    progress.tell(
      `${connect.settled} connected, ${connect.refused} refused; ${connect.cpuUs.toFixed(0)} µs, ${connect.rssKiB.toFixed(1)} KiB each`,
    );
    const [first] = loads;
    let keepsUp = true;
    if (first) {
      const warmUp: FanOutLoad = { size: 'card', rate: first.rate, seconds: plan.warmUpSeconds };
      ({ isComplete: keepsUp } = await measureFanOut(server, connected.streams, clients, warmUp));
      if (!keepsUp)
        progress.tell('what it was sent to warm up was not all read in time: no load is measured');
    }
    for (const load of keepsUp ? loads : []) {
      const sample = await measureFanOut(server, connected.streams, clients, load);
      samples.push({ ...sample, size: load.size, askedRate: load.rate, ...connected.memory() });
      progress.tell(describe(load, sample));
      // It is still sending what could not be read in time: the next load would measure that.
      if (!sample.isComplete) break;
    }
    await connected.close();
    return { server: name, clients, round, connect, samples };
  } finally {
    await server.stop();
  }
}

function describe(load: FanOutLoad, sample: FanOutSample): string {
  const last = sample.lastClientMs ? `, last client after ${sample.lastClientMs.p50.toFixed(0)} ms` : '';
  const notes = [
    sample.isComplete ? '' : ', not all was read in time',
    sample.resets > 0 ? `, ${sample.resets} resets` : '',
    sample.cut > 0 ? `, ${sample.cut} clients cut` : '',
    `, others ${((sample.othersBusy ?? 0) * 100).toFixed(0)} % of its core`,
  ];
  return `${load.size} at ${load.rate}/s: ${sample.cpuUs.toFixed(2)} µs a delivery${last}${notes.join('')}`;
}
