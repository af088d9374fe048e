import type { FanOutResult, FanOutRow } from '../measures/fanout/summary';
import { count, figure, table, withRange } from './format';
import { SERVER_LABELS } from './server-labels';

const SIZES = ['small', 'card', 'large'] as const;
/** Where the goals are set. */
const RATES_CLIENTS = 10_000;

/** Share of the server's core from which on other work on it is told of. */
const DISTURBED = 0.05;

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
  const cards = rows.filter(({ clients, size }) => clients === RATES_CLIENTS && size === 'card');
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
    `${count(RATES_CLIENTS)} clients, ${count(frameBytes.card)} B`,
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

/** Of each server and size the first load: the one that is easy for all. */
function easyRows(rows: readonly FanOutRow[], clients: number): readonly FanOutRow[] {
  const easyRate = rows.find((row) => row.clients === clients && row.size === 'small')?.rate;
  return rows.filter((row) => row.clients === clients && row.rate === easyRate);
}

/** What a reader must know who relies on the row; empty when there is nothing. */
export function notes({ resets, cut, incomplete, madeRate, rate, othersBusy = 0 }: FanOutRow): string {
  const parts = [
    madeRate < rate * 0.9 ? `${figure(madeRate)} events/s were made` : '',
    incomplete > 0 ? `not all read in 25 s (${incomplete} rounds)` : '',
    resets > 0 ? `${count(resets)} resets` : '',
    cut > 0 ? `${count(cut)} clients cut` : '',
    othersBusy > DISTURBED ? `other work took ${Math.round(othersBusy * 100)} % of its core` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
