import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';
import type { FanOutResult } from '../measures/fanout/summary';
import type { HerdRow } from '../measures/herd';
import type { IdleRow } from '../measures/idle';
import type { LatencyRow } from '../measures/latency';
import type { SoakResult } from '../measures/soak';
import type { StormRow } from '../measures/storm';
import type { VarnishRow } from '../measures/varnish';
import type { Measure } from '../options';
import { type Result, readResult } from '../results';
import { deployedSection } from './deployed-section';
import { connectSection, fanOutSection, ratesSection } from './fanout-section';
import {
  herdSection,
  idleSection,
  latencySection,
  soakSection,
  stormSection,
  varnishSection,
} from './sections';

/** Writes the results in `folder` into docs/performance.md, between its markers. */
export function writeReport(folder: string, isQuick: boolean): void {
  const docs = join(projectRoot(), 'docs');
  // What a quick run found is looked at, not published.
  const target = isQuick ? folder : docs;
  let text = readFileSync(join(docs, 'performance.md'), 'utf8');
  const fill = <T>(measure: Measure, sections: Readonly<Record<string, (found: T) => string>>): void => {
    const result = readResult<T>(folder, measure);
    if (!result) return;
    for (const [marker, section] of Object.entries(sections)) {
      text = between(text, marker, `${section(result.found)}\n\n${origin(result)}`);
    }
  };
  fill<FanOutResult>('fanout', { fanout: fanOutSection, rates: ratesSection, connect: connectSection });
  if (isNewer(readResult(folder, 'connect'), readResult(folder, 'fanout'))) {
    fill<FanOutResult>('connect', { connect: connectSection });
  }
  fill<FanOutResult>('deployed', { deployed: deployedSection });
  fill<readonly StormRow[]>('storm', { storm: stormSection });
  fill<readonly HerdRow[]>('herd', { herd: herdSection });
  fill<readonly LatencyRow[]>('latency', { latency: latencySection });
  fill<readonly VarnishRow[]>('varnish', { varnish: varnishSection });
  fill<readonly IdleRow[]>('idle', { idle: idleSection });
  fill<SoakResult>('soak', { soak: soakSection });
  writeFileSync(join(target, 'performance.md'), text);
  process.stderr.write(`Written: ${join(target, 'performance.md')}\n`);
}

function isNewer(result: Result<unknown> | undefined, other: Result<unknown> | undefined): boolean {
  return result !== undefined && (other === undefined || result.measuredAt > other.measuredAt);
}

/** @throws when the text lacks the markers `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` */
function between(text: string, marker: string, content: string): string {
  const [start, end] = [`<!-- bench:${marker} -->`, `<!-- /bench:${marker} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks ${start} and ${end}.`);
  return `${text.slice(0, from)}${start}\n${content}\n${text.slice(to)}`;
}

function origin({ command, measuredAt, machine }: Result<unknown>): string {
  const { processor, cores, memoryGiB, kernel, node, nginx, somaxconn, isPinned } = machine;
  const parts = [
    `${processor}, ${cores} cores, ${memoryGiB} GiB`,
    `Linux ${kernel}`,
    `Node ${node}`,
    nginx ? `nginx ${nginx}` : '',
    somaxconn === undefined ? '' : `net.core.somaxconn ${somaxconn}`,
    isPinned ? '' : 'server and load **not** on cores of their own',
  ];
  return `<sub>\`${command}\`, ${measuredAt.slice(0, 10)}: ${parts.filter((part) => part !== '').join('; ')}</sub>`;
}
