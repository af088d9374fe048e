import type { HerdRow } from '../measures/herd';
import type { IdleRow } from '../measures/idle';
import type { LatencyRow } from '../measures/latency';
import type { SoakResult } from '../measures/soak';
import type { StormRow } from '../measures/storm';
import type { VarnishRow } from '../measures/varnish';
import { count, figure, table, withRange } from './format';

export function varnishSection(rows: readonly VarnishRow[]): string {
  return table(
    [
      'viewers',
      'changes/s',
      'requests/s',
      'of them reach the site',
      "of the site's core",
      'last viewer, p50 ms',
      'p99 ms',
      'max ms',
      'lost',
      'failed',
    ],
    rows.map((row) => [
      ...[count(row.viewers), String(row.rate), withRange(row.viewerRate), withRange(row.originRate)],
      `${withRange(row.siteCpuPercent)} %`,
      ...[row.p50Ms, row.p99Ms, row.maxMs].map(withRange),
      ...[count(row.lost), count(row.failed)],
    ]),
  );
}

export function stormSection(rows: readonly StormRow[]): string {
  return table(
    [
      'clients',
      'refused',
      'all greeted, ms',
      'CPU a connect, µs',
      'event loop p99, ms',
      'max, ms',
      'page p50, ms',
      'page max, ms',
      'pages failed',
    ],
    rows.map((row) => [
      count(row.clients),
      count(row.refused),
      withRange(row.allGreetedMs),
      withRange(row.cpuUs),
      withRange(row.loopP99Ms),
      withRange(row.loopMaxMs),
      withRange(row.pageP50Ms),
      withRange(row.pageMaxMs),
      count(row.pagesFailed),
    ]),
  );
}

export function herdSection(rows: readonly HerdRow[]): string {
  return table(
    ['', 'answer', 'bytes', 'requests/s a core', 'µs a request', 'p99, ms', 'failed'],
    rows.map((row) => [
      // A run of @ is where the number stands that is another one each time.
      `${row.server}: ${row.path.replace(/@+/, '…')}`,
      row.answer,
      count(row.answerBytes),
      withRange(row.perCore),
      withRange(row.cpuUs),
      figure(row.p99Ms),
      count(row.failed),
    ]),
  );
}

export function latencySection(rows: readonly LatencyRow[]): string {
  const stages = ['bus', 'feed', 'render', 'encode', 'write', 'total'] as const;
  const seen = table(
    ['clients', 'events/s', 'last client, p50 ms', 'p99 ms', 'max ms', 'resets'],
    rows.map((row) => [
      ...[count(row.clients), String(row.rate)],
      ...[row.p50Ms, row.p99Ms, row.maxMs].map(withRange),
      count(row.resets),
    ]),
  );
  const told = table(
    ['clients', 'events/s', ...stages.map((stage) => `${stage}, ms`)],
    rows.map((row) => [
      ...[count(row.clients), String(row.rate)],
      ...stages.map((stage) => {
        const times = row.stages[stage];
        return times ? `${figure(times.p50Ms)} / ${figure(times.p99Ms)}` : '–';
      }),
    ]),
  );
  return `${seen}\n\nThe stages as [the metrics](metrics.md) tell them, p50 / p99:\n\n${told}`;
}

export function idleSection(rows: readonly IdleRow[]): string {
  return table(
    ['', 'KiB an hour', 'which is'],
    rows.map(({ name, bytesAnHour, of }) => [name, figure(bytesAnHour / 1_024), of]),
  );
}

export function soakSection({
  clients,
  minutes,
  growth,
  isFlat,
  events,
  reconnects,
  lost,
}: SoakResult): string {
  const percent = (part: number | undefined): string =>
    part === undefined ? '–' : `${(part * 100).toFixed(1)} %`;
  const step = Math.max(1, Math.ceil(minutes.length / 10));
  const shown = minutes.filter(({ minute }) => minute === 1 || minute % step === 0);
  return [
    `${count(clients)} clients for ${minutes.length} minutes, ${count(events)} events, ${count(reconnects)} reconnects; ${count(lost)} streams lost.`,
    `From the first quarter to the end: memory ${percent(growth.rss)}, heap ${percent(growth.heap)}, descriptors ${percent(growth.descriptors)}: ${isFlat ? 'flat' : '**not flat**'}.`,
    '',
    table(
      ['minute', 'memory, MiB', 'heap, MiB', 'descriptors', 'streams'],
      shown.map((row) => [
        String(row.minute),
        figure(row.rssMiB),
        row.heapMiB === undefined ? '–' : figure(row.heapMiB),
        count(row.descriptors),
        count(row.open),
      ]),
    ),
  ].join('\n');
}
