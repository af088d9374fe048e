import type { FanOutResult, FanOutRow } from '../measures/fanout/summary';
import { barChart } from './bar-chart';
import { count, figure, table, withRange } from './format';
import { isOurs, SERVER_LABELS } from './server-labels';

const SIZES = ['small', 'card', 'large'] as const;
/** Where the goals are set. */
const CHART_CLIENTS = 10_000;
const BUSY_RATE = 30;

/** CPU of a delivery, by number of clients and size, at a rate that is easy for every server. */
export function fanOutSection({ rows, frameBytes }: FanOutResult): string {
  return distinct(rows.map(({ clients }) => clients))
    .map((clients) => {
      const easy = easyRows(rows, clients);
      const cells = distinct(easy.map(({ server }) => server)).map((server) => {
        const of = (size: FanOutRow['size']) =>
          easy.find((row) => row.server === server && row.size === size);
        return [
          SERVER_LABELS[server],
          ...SIZES.map((size) => `${figure(of(size)?.cpuUs.median ?? Number.NaN)} µs`),
          ...SIZES.map((size) => withRange(of(size)?.toFloor)),
          withRange(of('card')?.toNchan),
        ];
      });
      const head = [
        `${count(clients)} clients, ${figure(easy[0]?.rate ?? 0)} events/s`,
        ...SIZES.map((size) => `${count(frameBytes[size])} B`),
        ...SIZES.map((size) => `÷ floor, ${count(frameBytes[size])} B`),
        `÷ nchan, ${count(frameBytes.card)} B`,
      ];
      return table(head, cells);
    })
    .join('\n\n');
}

/** What more events a second do, up to more than a core can send one by one. */
export function ratesSection({ rows, frameBytes, failures }: FanOutResult): string {
  const cards = rows.filter(({ clients, size }) => clients === CHART_CLIENTS && size === 'card');
  const cells = cards
    .toSorted((a, b) => a.rate - b.rate)
    .map((row) => [
      `${row.rate}/s, ${SERVER_LABELS[row.server]}`,
      withRange(row.cpuUs),
      ...(row.lastClientMs
        ? [count(row.lastClientMs.p50), count(row.lastClientMs.p99), count(row.lastClientMs.max)]
        : ['–', '–', '–']),
      `${Math.round(row.generatorBusy * 100)} %`,
      notes(row),
    ]);
  const head = [
    `${count(CHART_CLIENTS)} clients, ${count(frameBytes.card)} B`,
    'µs a delivery',
    'last client, p50 ms',
    'p99 ms',
    'max ms',
    'generator busy',
    'notes',
  ];
  const failed = failures.map((failure) => `- ${failure}`);
  return [table(head, cells), ...(failed.length > 0 ? ['', 'Visits that failed:', '', ...failed] : [])].join(
    '\n',
  );
}

export function connectSection({ connects }: Pick<FanOutResult, 'connects'>): string {
  return table(
    ['', 'clients', 'CPU a connect, µs', 'KiB a connection', 'after the events', 'refused'],
    connects.map((row) => [
      SERVER_LABELS[row.server],
      count(row.clients),
      withRange(row.cpuUs),
      withRange(row.rssKiB),
      withRange(row.loadedRssKiB),
      count(row.refused),
    ]),
  );
}

/** Charts by file name; none for a run without the number of clients that they show. */
export function fanOutCharts({ rows, frameBytes }: FanOutResult): Readonly<Record<string, string>> {
  const clients = rows.some((row) => row.clients === CHART_CLIENTS) ? CHART_CLIENTS : rows[0]?.clients;
  if (clients === undefined) return {};
  const cards = easyRows(rows, clients).filter(({ size }) => size === 'card');
  const busy = rows.filter((row) => row.clients === clients && row.rate === BUSY_RATE && row.lastClientMs);
  const cpu = barChart(
    `CPU for one event to one client, ${count(clients)} clients`,
    `Microseconds of one core for a card of ${count(frameBytes.card)} bytes; less is better`,
    cards.map(({ server, cpuUs, toFloor }) => ({
      label: SERVER_LABELS[server],
      value: cpuUs.median,
      text: `${figure(cpuUs.median)} µs${toFloor ? ` (${figure(toFloor.median)} ×)` : ''}`,
      isOurs: isOurs(server),
    })),
  );
  if (busy.length === 0) return { 'performance-fanout.svg': cpu };
  const last = barChart(
    `${BUSY_RATE} events a second to ${count(clients)} clients: when the last client has the event`,
    'Milliseconds after the commit, median of the events; less is better',
    busy.map(({ server, lastClientMs }) => ({
      label: SERVER_LABELS[server],
      value: lastClientMs?.p50 ?? 0,
      text: `${count(lastClientMs?.p50 ?? 0)} ms`,
      isOurs: isOurs(server),
    })),
  );
  return { 'performance-fanout.svg': cpu, 'performance-last-client.svg': last };
}

/** Of each server and size the first load: the one that is easy for all. */
function easyRows(rows: readonly FanOutRow[], clients: number): readonly FanOutRow[] {
  const easyRate = rows.find((row) => row.clients === clients && row.size === 'small')?.rate;
  return rows.filter((row) => row.clients === clients && row.rate === easyRate);
}

function notes({ resets, cut, incomplete, madeRate, rate }: FanOutRow): string {
  const parts = [
    madeRate < rate * 0.9 ? `${figure(madeRate)} events/s were made` : '',
    incomplete > 0 ? `not all read in 25 s (${incomplete} rounds)` : '',
    resets > 0 ? `${count(resets)} resets` : '',
    cut > 0 ? `${count(cut)} clients cut` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
