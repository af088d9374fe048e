import type { Workplace } from '../machine/workplace';
import type { Progress } from '../progress';
import { startNipnime } from '../servers/nipnime';
import { histogramQuantile, SiteMetrics } from '../servers/site-metrics';
import type { SiteSurroundings } from '../servers/site-surroundings';
import { type Spread, spread } from '../statistics';
import { connectClients } from './fanout/measure-connections';
import { type FanOutLoad, type FanOutSample, measureFanOut } from './fanout/measure-fan-out';

type Stage = 'bus' | 'feed' | 'render' | 'encode' | 'write' | 'total';

export type LatencyRow = {
  readonly clients: number;
  /** Events a second. */
  readonly rate: number;
  /** From commit to the last client, as the clients see it. */
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly maxMs: Spread;
  /** What the site says of itself; medians of the rounds. Undefined where it does not tell. */
  readonly stages: Readonly<Record<Stage, { readonly p50Ms: number; readonly p99Ms: number } | undefined>>;
  readonly resets: number;
};

type LatencySample = {
  readonly fanOut: FanOutSample;
  readonly before: SiteMetrics | undefined;
  readonly after: SiteMetrics | undefined;
};

/** From the commit of a card to its reading by the last client, and the stages in between. */
export async function measureLatency(
  workplace: Workplace,
  site: SiteSurroundings,
  plan: { readonly clients: readonly number[]; readonly rounds: number; readonly isQuick: boolean },
  progress: Progress,
): Promise<readonly LatencyRow[]> {
  const rates = [1, 10, 30];
  const seconds = plan.isQuick ? 2 : 10;
  const rows: LatencyRow[] = [];
  progress.expect(plan.clients.length * plan.rounds);
  for (const clients of plan.clients) {
    const samples = rates.map((): LatencySample[] => []);
    for (let round = 1; round <= plan.rounds; round++) {
      progress.begin(`${clients} clients, round ${round} of ${plan.rounds}`);
      const loads = rates.map((rate): FanOutLoad => ({ size: 'card', rate, seconds }));
      for (const [index, sample] of (await visit(workplace, site, clients, loads)).entries()) {
        samples[index]?.push(sample);
        const { lastClientMs } = sample.fanOut;
        progress.tell(
          `${rates[index]}/s: last client after ${lastClientMs?.p50.toFixed(0)} ms, p99 ${lastClientMs?.p99.toFixed(0)} ms`,
        );
      }
    }
    rows.push(...rates.map((rate, index) => summarise({ clients, rate }, samples[index] ?? [])));
  }
  return rows;
}

async function visit(
  workplace: Workplace,
  site: SiteSurroundings,
  clients: number,
  loads: readonly FanOutLoad[],
): Promise<readonly LatencySample[]> {
  const server = await startNipnime(workplace, site);
  const readMetrics = () => SiteMetrics.read(server).catch(() => undefined);
  try {
    const connected = await connectClients(workplace.cleanup, server, { clients, atOnce: 256 });
    const samples: LatencySample[] = [];
    for (const load of loads) {
      const before = await readMetrics();
      const fanOut = await measureFanOut(server, connected.streams, clients, load);
      samples.push({ fanOut, before, after: await readMetrics() });
    }
    await connected.close();
    return samples;
  } finally {
    await server.stop();
  }
}

function summarise(
  { clients, rate }: Pick<LatencyRow, 'clients' | 'rate'>,
  samples: readonly LatencySample[],
): LatencyRow {
  const seen = samples.flatMap(({ fanOut }) => fanOut.lastClientMs ?? []);
  const stage = (name: Stage) => {
    const p50 = samples.flatMap((sample) => stageMs(sample, name, 0.5) ?? []);
    const p99 = samples.flatMap((sample) => stageMs(sample, name, 0.99) ?? []);
    return p50.length > 0 ? { p50Ms: spread(p50).median, p99Ms: spread(p99).median } : undefined;
  };
  return {
    ...{ clients, rate },
    p50Ms: spread(seen.map(({ p50 }) => p50)),
    p99Ms: spread(seen.map(({ p99 }) => p99)),
    maxMs: spread(seen.map(({ max }) => max)),
    stages: {
      bus: stage('bus'),
      feed: stage('feed'),
      render: stage('render'),
      encode: stage('encode'),
      write: stage('write'),
      total: stage('total'),
    },
    resets: Math.max(...samples.map(({ fanOut }) => fanOut.resets)),
  };
}

function stageMs({ before, after }: LatencySample, stage: Stage, share: number): number | undefined {
  const buckets = (metrics: SiteMetrics | undefined) =>
    metrics?.buckets('nipnime_delivery_seconds', `stage="${stage}"`) ?? [];
  const seconds = histogramQuantile(buckets(before), buckets(after), share);
  return seconds === undefined ? undefined : seconds * 1_000;
}
