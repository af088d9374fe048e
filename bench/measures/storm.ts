import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { streamRequest } from '../generator/request-head';
import type { Workplace } from '../machine/workplace';
import type { Progress } from '../progress';
import { startNipnime } from '../servers/nipnime';
import type { ServerUnderTest } from '../servers/server-under-test';
import { SiteMetrics } from '../servers/site-metrics';
import type { SiteSurroundings } from '../servers/site-surroundings';
import { quantile, type Spread, spread } from '../statistics';
import { connectClients } from './fanout/measure-connections';

export type StormRow = {
  readonly clients: number;
  /** In all rounds. */
  readonly refused: number;
  /** From the first connect to the last greeting. */
  readonly allGreetedMs: Spread;
  readonly cpuUs: Spread;
  /** Delays of the site's event loop meanwhile; undefined where the site does not tell. */
  readonly loopP99Ms: Spread | undefined;
  readonly loopMaxMs: Spread | undefined;
  /** The latest page, asked for every 50 ms on a new connection. */
  readonly pageP50Ms: Spread;
  readonly pageMaxMs: Spread;
  readonly pagesFailed: number;
};

type StormSample = {
  readonly refused: number;
  readonly ms: number;
  readonly cpuUs: number;
  readonly loopP99Ms: number | undefined;
  readonly loopMaxMs: number | undefined;
  readonly pages: readonly (number | undefined)[];
};

const PAGE_EVERY_MS = 50;
const PAGE_PATIENCE_MS = 20_000;
/** Connects before the storm, so that the site's code is compiled as on a node that has been running. */
const WARM_UP_CLIENTS = 1_000;

/** All clients come at once and resume, as after a deploy, while somebody reads pages. */
export async function measureStorm(
  workplace: Workplace,
  site: SiteSurroundings,
  plan: { readonly clients: readonly number[]; readonly rounds: number },
  progress: Progress,
): Promise<readonly StormRow[]> {
  const rows: StormRow[] = [];
  progress.expect(plan.clients.length * plan.rounds);
  for (const clients of plan.clients) {
    const samples: StormSample[] = [];
    for (let round = 1; round <= plan.rounds; round++) {
      progress.begin(`${clients} clients, round ${round} of ${plan.rounds}`);
      const sample = await storm(workplace, site, clients);
      samples.push(sample);
      progress.tell(
        `all greeted after ${sample.ms.toFixed(0)} ms, ${sample.refused} refused, ${sample.cpuUs.toFixed(0)} µs each, event loop p99 ${sample.loopP99Ms?.toFixed(0) ?? '?'} ms`,
      );
    }
    rows.push(summarise(clients, samples));
  }
  return rows;
}

async function storm(
  { cleanup, ...workplace }: Workplace,
  site: SiteSurroundings,
  clients: number,
): Promise<StormSample> {
  const server = await startNipnime({ cleanup, ...workplace }, site);
  try {
    const warm = await connectClients(cleanup, server, { clients: WARM_UP_CLIENTS, atOnce: 64 });
    await warm.close();
    const request = streamRequest({ fields: [`Last-Event-ID: ${await site.readCursor()}`] });
    await sleep(1_000);
    await readMetrics(server);
    const reader = readPages(server.port);
    const plan = { clients, atOnce: clients, settlingMs: 0 };
    const connected = await connectClients(cleanup, { ...server, request }, plan);
    const metrics = await readMetrics(server);
    const pages = await reader.stop();
    await connected.close();
    const inMs = (name: string): number | undefined => {
      const seconds = metrics?.value(name);
      return seconds === undefined ? undefined : seconds * 1_000;
    };
    const { refused, ms, cpuUs } = connected.sample;
    return {
      ...{ refused, ms, cpuUs, pages },
      loopP99Ms: inMs('nodejs_eventloop_lag_p99_seconds'),
      loopMaxMs: inMs('nodejs_eventloop_lag_max_seconds'),
    };
  } finally {
    await server.stop();
  }
}

function readMetrics(server: ServerUnderTest): Promise<SiteMetrics | undefined> {
  // A site without metrics can be measured all the same.
  return SiteMetrics.read(server).catch(() => undefined);
}

/** Gets the latest page again and again, whether the one before has come or not. */
function readPages(port: number): { stop(): Promise<readonly (number | undefined)[]> } {
  const answers: Promise<number | undefined>[] = [];
  const timer = setInterval(() => answers.push(readPage(port)), PAGE_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return Promise.all(answers);
    },
  };
}

/** Milliseconds to the end of the page; undefined when it could not be had. */
function readPage(port: number): Promise<number | undefined> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/episodes/latest', agent: false, timeout: PAGE_PATIENCE_MS },
      (response) => {
        const isOk = response.statusCode === 200;
        response.resume().on('end', () => resolve(isOk ? performance.now() - startedMs : undefined));
        response.on('error', () => resolve(undefined));
      },
    );
    request.on('timeout', () => request.destroy()).on('error', () => resolve(undefined));
  });
}

function summarise(clients: number, samples: readonly StormSample[]): StormRow {
  const optional = (values: readonly (number | undefined)[]): Spread | undefined => {
    const known = values.flatMap((value) => value ?? []);
    return known.length > 0 ? spread(known) : undefined;
  };
  const answered = samples.map(({ pages }) => pages.flatMap((page) => page ?? []));
  return {
    clients,
    refused: samples.reduce((sum, { refused }) => sum + refused, 0),
    allGreetedMs: spread(samples.map(({ ms }) => ms)),
    cpuUs: spread(samples.map(({ cpuUs }) => cpuUs)),
    loopP99Ms: optional(samples.map(({ loopP99Ms }) => loopP99Ms)),
    loopMaxMs: optional(samples.map(({ loopMaxMs }) => loopMaxMs)),
    pageP50Ms: spread(answered.map((pages) => quantile(pages, 0.5))),
    pageMaxMs: spread(answered.map((pages) => quantile(pages, 1))),
    pagesFailed: samples.flatMap(({ pages }) => pages).filter((page) => page === undefined).length,
  };
}
