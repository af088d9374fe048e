import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sendRequests } from '../generator/request-generator';
import { browserRequest } from '../generator/request-head';
import { cpuNs } from '../machine/process-figures';
import type { Workplace } from '../machine/workplace';
import type { Progress } from '../progress';
import { startNginx } from '../servers/nginx';
import { startNipnime } from '../servers/nipnime';
import type { SiteSurroundings } from '../servers/site-surroundings';
import { type Spread, spread } from '../statistics';

export type HerdRow = {
  readonly server: 'nipnime' | 'nipnime, cache defeated' | 'nginx, static file';
  readonly path: string;
  readonly answer: 'identity' | 'gzip' | '304';
  /** Length of an answer, head and body, in bytes. */
  readonly answerBytes: number;
  /** Processor time of the server for a request, in microseconds. */
  readonly cpuUs: Spread;
  /** Requests that a core would answer in a second. */
  readonly perCore: Spread;
  /** Requests a second that were answered. */
  readonly rate: number;
  readonly p99Ms: number;
  readonly failed: number;
};

type Target = Pick<HerdRow, 'server' | 'path' | 'answer'> & {
  readonly pids: readonly number[];
  readonly port: number;
  readonly request: string;
};

const PAGE = '/episodes/latest';
const GRID = '/episodes/latest/grid';
/** Continues before a moment that is another one each time, and later than any episode: a page that nobody asked for yet. */
const NEVER_ASKED = `${GRID}?before=1999@@@@@@@@@-1`;
const CONNECTIONS = 256;
/** To pages that take long: what is under way when a run ends disturbs the next. */
const CONNECTIONS_TO_SLOW = 8;

/** Everybody asks for the same page: what a request costs. */
export async function measureHerd(
  workplace: Workplace,
  site: SiteSurroundings,
  plan: { readonly rounds: number; readonly isQuick: boolean },
  progress: Progress,
): Promise<readonly HerdRow[]> {
  const nipnime = await startNipnime(workplace, site);
  const nginx = workplace.programs.nginx ? await startStatic(workplace, nipnime.port) : undefined;
  try {
    const targets = [
      ...(await answersOf('nipnime', nipnime, [PAGE, GRID])),
      target('nipnime, cache defeated', nipnime, { path: NEVER_ASKED, answer: 'identity' }),
      target('nipnime, cache defeated', nipnime, { path: NEVER_ASKED, answer: 'gzip' }),
      ...(nginx ? await answersOf('nginx, static file', nginx, ['/page.html', '/grid.html']) : []),
    ];
    const seconds = plan.isQuick ? 0.5 : 3;
    const samples = targets.map((): HerdSample[] => []);
    progress.expect(targets.length * plan.rounds);
    for (let round = 1; round <= plan.rounds; round++) {
      for (const [index, each] of targets.entries()) {
        progress.begin(`${each.server}: ${each.path} (${each.answer}), round ${round} of ${plan.rounds}`);
        const sample = await load(each, seconds);
        samples[index]?.push(sample);
        progress.tell(`${sample.cpuUs.toFixed(1)} µs a request, ${sample.rate.toFixed(0)} requests a second`);
      }
    }
    return targets.map(({ server, path, answer }, index) => ({
      ...{ server, path, answer },
      ...summarise(samples[index] ?? []),
    }));
  } finally {
    await nginx?.stop();
    await nipnime.stop();
  }
}

/** Serves the site's own page and grid as files. */
async function startStatic(workplace: Workplace, sitePort: number) {
  for (const [file, path] of [['page.html', PAGE] as const, ['grid.html', GRID] as const]) {
    const body = Buffer.from(await (await fetch(`http://127.0.0.1:${sitePort}${path}`)).arrayBuffer());
    await writeFile(join(workplace.folder, file), body);
    await writeFile(join(workplace.folder, `${file}.gz`), gzipSync(body));
  }
  return startNginx(workplace, { locations: `location / { root ${workplace.folder}; gzip_static on; }` });
}

/** The same pages as they are, compressed, and unchanged. */
async function answersOf(
  server: HerdRow['server'],
  running: { readonly pids: readonly number[]; readonly port: number },
  paths: readonly string[],
): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const path of paths) {
    targets.push(
      target(server, running, { path, answer: 'identity' }),
      target(server, running, { path, answer: 'gzip' }),
    );
    const response = await fetch(`http://127.0.0.1:${running.port}${path}`);
    await response.arrayBuffer();
    const etag = response.headers.get('ETag');
    if (etag) targets.push(target(server, running, { path, answer: '304', etag }));
  }
  return targets;
}

function target(
  server: HerdRow['server'],
  { pids, port }: { readonly pids: readonly number[]; readonly port: number },
  { path, answer, etag }: Pick<HerdRow, 'path' | 'answer'> & { readonly etag?: string },
): Target {
  const request = browserRequest(path, {
    gzip: answer !== 'identity',
    fields: etag === undefined ? [] : [`If-None-Match: ${etag}`],
  });
  return { server, path, answer, pids, port, request };
}

type HerdSample = {
  readonly cpuUs: number;
  readonly rate: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly answerBytes: number;
};

async function load({ pids, port, request, path }: Target, seconds: number): Promise<HerdSample> {
  const connections = path === NEVER_ASKED ? CONNECTIONS_TO_SLOW : CONNECTIONS;
  await sendRequests({ port, connections, seconds, request });
  const before = cpuNs(...pids);
  const result = await sendRequests({ port, connections, seconds, request });
  const { requests, failed, bytes, p99Us, seconds: elapsed } = result;
  return {
    cpuUs: (cpuNs(...pids) - before) / 1_000 / requests,
    rate: requests / elapsed,
    p99Ms: p99Us / 1_000,
    failed,
    answerBytes: Math.round(bytes / requests),
  };
}

function summarise(samples: readonly HerdSample[]) {
  return {
    answerBytes: Math.min(...samples.map(({ answerBytes }) => answerBytes)),
    cpuUs: spread(samples.map(({ cpuUs }) => cpuUs)),
    perCore: spread(samples.map(({ cpuUs }) => 1e6 / cpuUs)),
    rate: spread(samples.map(({ rate }) => rate)).median,
    p99Ms: spread(samples.map(({ p99Ms }) => p99Ms)).median,
    failed: samples.reduce((sum, { failed }) => sum + failed, 0),
  };
}
