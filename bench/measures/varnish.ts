import { setTimeout as sleep } from 'node:timers/promises';
import { Viewers } from '../generator/viewers';
import { cpuNs } from '../machine/process-figures';
import type { Workplace } from '../machine/workplace';
import type { Progress } from '../progress';
import { startNipnime } from '../servers/nipnime';
import { SiteMetrics } from '../servers/site-metrics';
import type { SiteSurroundings } from '../servers/site-surroundings';
import { startVarnish } from '../servers/varnish';
import { quantile, type Spread, spread } from '../statistics';
import { publishPaced } from './fanout/publish-paced';

export type VarnishRow = {
  readonly viewers: number;
  /** Changes a second. */
  readonly rate: number;
  /** Requests for changes a second that reached the site. */
  readonly originRate: Spread;
  /** Requests a second that the viewers were answered. */
  readonly viewerRate: Spread;
  /** Of the site's core, while the changes came. */
  readonly siteCpuPercent: Spread;
  /** From the commit to the last viewer. */
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly maxMs: Spread;
  /** Changes that some viewer had not got 10 s after the last one, and requests that failed. */
  readonly lost: number;
  readonly failed: number;
};

type Sample = {
  readonly originRate: number;
  readonly viewerRate: number;
  readonly siteCpuPercent: number;
  readonly latenciesMs: readonly number[];
  readonly lost: number;
  readonly failed: number;
};

const RATE = 5;
const PATIENCE_MS = 10_000;

/** Viewers behind a Varnish: what they cost the site, and how late the last of them is. */
export async function measureVarnish(
  workplace: Workplace,
  site: SiteSurroundings,
  plan: { readonly clients: readonly number[]; readonly rounds: number; readonly isQuick: boolean },
  progress: Progress,
): Promise<readonly VarnishRow[]> {
  const seconds = plan.isQuick ? 3 : 20;
  const rows: VarnishRow[] = [];
  progress.expect(plan.clients.length * plan.rounds);
  for (const viewers of plan.clients) {
    const samples: Sample[] = [];
    for (let round = 1; round <= plan.rounds; round++) {
      progress.begin(`${viewers} viewers, round ${round} of ${plan.rounds}`);
      const sample = await visit(workplace, site, viewers, seconds);
      samples.push(sample);
      const p99 = quantile(sample.latenciesMs, 0.99);
      progress.tell(
        `${sample.originRate.toFixed(2)} requests/s reach the site of ${sample.viewerRate.toFixed(0)}; last viewer p99 ${p99.toFixed(0)} ms`,
      );
    }
    rows.push(summarise(viewers, samples));
  }
  return rows;
}

async function visit(
  workplace: Workplace,
  site: SiteSurroundings,
  count: number,
  seconds: number,
): Promise<Sample> {
  const server = await startNipnime(workplace, site);
  const varnish = await startVarnish(workplace, server.port);
  const viewers = new Viewers(varnish.port);
  try {
    await site.publisher.prepare('card', RATE * seconds);
    await viewers.add(count, await site.readCursor());
    // All wait for the next change, and the way there is warm.
    const { seq: warm } = await site.publisher.publish('card');
    await untilReached(viewers, warm);
    await sleep(2_000);
    const before = { asked: await asked(server), answered: viewers.answered, cpu: cpuNs(...server.pids) };
    const startedMs = performance.now();
    const published = await publishPaced(site.publisher, { size: 'card', rate: RATE, count: RATE * seconds });
    const elapsedS = (performance.now() - startedMs) / 1_000;
    await untilReached(viewers, published.at(-1)?.seq ?? 0);
    const latenciesMs = published.flatMap(({ seq, atNs }) => {
      const arrival = viewers.arrivals.get(seq);
      return arrival?.viewers === count ? [(arrival.lastNs - atNs) / 1e6] : [];
    });
    return {
      originRate: ((await asked(server)) - before.asked) / elapsedS,
      viewerRate: (viewers.answered - before.answered) / elapsedS,
      siteCpuPercent: (cpuNs(...server.pids) - before.cpu) / 1e7 / elapsedS,
      latenciesMs,
      lost: published.length - latenciesMs.length,
      failed: viewers.failed,
    };
  } finally {
    viewers.close();
    await varnish.stop();
    await server.stop();
  }
}

async function untilReached(viewers: Viewers, seq: number): Promise<void> {
  const giveUpMs = performance.now() + PATIENCE_MS;
  while (viewers.leastReached < seq && performance.now() < giveUpMs) await sleep(50);
}

/** Requests for changes that have reached the site so far. */
async function asked(server: Parameters<typeof SiteMetrics.read>[0]): Promise<number> {
  const metrics = await SiteMetrics.read(server);
  const answers = ['full', 'tail', 'gone', 'refused'] as const;
  return answers.reduce(
    (sum, answer) => sum + (metrics.value(`nipnime_changes_answered_total{answer="${answer}"}`) ?? 0),
    0,
  );
}

function summarise(viewers: number, samples: readonly Sample[]): VarnishRow {
  const of = (figure: (sample: Sample) => number): Spread => spread(samples.map(figure));
  return {
    viewers,
    rate: RATE,
    originRate: of((sample) => sample.originRate),
    viewerRate: of((sample) => sample.viewerRate),
    siteCpuPercent: of((sample) => sample.siteCpuPercent),
    p50Ms: of(({ latenciesMs }) => quantile(latenciesMs, 0.5)),
    p99Ms: of(({ latenciesMs }) => quantile(latenciesMs, 0.99)),
    maxMs: of(({ latenciesMs }) => quantile(latenciesMs, 1)),
    lost: samples.reduce((sum, { lost }) => sum + lost, 0),
    failed: samples.reduce((sum, { failed }) => sum + failed, 0),
  };
}
