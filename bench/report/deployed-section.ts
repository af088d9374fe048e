import type { ConnectRow, FanOutResult, FanOutRow } from '../measures/fanout/summary';
import { isOverTls, type ServerName } from '../servers/server-under-test';
import { notes } from './fanout-section';
import { count, figure, table, withRange } from './format';
import { SERVER_LABELS } from './server-labels';

const TEXT = `## As deployed

The way that the [guide](deployment.md) tells: browsers → nginx with \`deploy/nginx.conf\` → the site, beside what could stand in its place, and
nchan, which is in nginx itself. A delivery is a card; its CPU is that of *all* processes that serve, nginx's workers and the node, all on
one core. *÷ nchan* is against nchan with TLS where there is TLS, *÷ nipnime* against the site itself without anything in front of it and
without TLS; both in the same round.

The memory is that after the first load. *Processes* is by how much the resident memory of all of them had grown since before the clients
came. *Kernel* is by how much its sockets had (those of TCP with their buffers and Unix sockets in \`/proc/net/protocols\`, their
files and epoll entries in \`/proc/slabinfo\`), less one socket for each client, which is the client's own end.

TLS is 1.3, every connection with a handshake of its own (a P-256 certificate), nginx's sessions and buffers as deploy/ has them. The site has
no setting for a Unix socket or TLS of its own: for those rows the bench adds a listener to its process.`;

/** The whole chain to the client: what a delivery and a connection cost. Tells its method, since the page begins with it. */
export function deployedSection({ rows, connects, frameBytes, failures }: FanOutResult): string {
  const tables = [...new Set(connects.map(({ clients }) => clients))].flatMap((clients) =>
    [false, true].flatMap((tls) => {
      const group = connects.filter((row) => row.clients === clients && isOverTls(row.server) === tls);
      if (group.length === 0) return [];
      const title = `${tls ? 'TLS' : 'Plain'}, ${count(clients)} clients`;
      return [deliveries(title, group, rows, frameBytes.card), memory(title, group, connects)];
    }),
  );
  const failed = failures.map((failure) => `- ${failure}`).join('\n');
  return [TEXT, ...tables, ...(failed === '' ? [] : ['Visits that failed:', failed])].join('\n\n');
}

function deliveries(
  title: string,
  group: readonly ConnectRow[],
  rows: readonly FanOutRow[],
  cardBytes: number,
): string {
  const cards = rows.filter(
    ({ server, clients, size }) =>
      size === 'card' && group.some((row) => row.server === server && row.clients === clients),
  );
  const rates = [...new Set(cards.map(({ rate }) => rate))];
  const cells = group.map(({ server }) => {
    const loads = rates.map((rate) => cards.find((row) => row.server === server && row.rate === rate));
    return [
      SERVER_LABELS[server],
      ...loads.map((row) => withRange(row?.cpuUs)),
      ...loads.map((row) => withRange(row?.toNchan)),
      ...loads.map((row) => withRange(row?.toNipnime)),
      loads.flatMap((row) => (row && notes(row) !== '' ? [`${row.rate}/s: ${notes(row)}`] : [])).join('; '),
    ];
  });
  const head = [
    `${title}, ${count(cardBytes)} B`,
    ...rates.map((rate) => `µs a delivery, ${rate}/s`),
    ...rates.map((rate) => `÷ nchan, ${rate}/s`),
    ...rates.map((rate) => `÷ nipnime, ${rate}/s`),
    'notes',
  ];
  return table(head, cells);
}

function memory(title: string, group: readonly ConnectRow[], connects: readonly ConnectRow[]): string {
  const head = [
    title,
    'processes, KiB a connection',
    'kernel, KiB a connection',
    'together',
    '÷ nchan',
    'CPU a connect, µs',
    'refused',
  ];
  const cells = group.map((row) => {
    const nchan: ServerName = isOverTls(row.server) ? 'nchan-tls' : 'nchan';
    const peer = connects.find(({ server, clients }) => server === nchan && clients === row.clients);
    return [
      SERVER_LABELS[row.server],
      withRange(row.loadedRssKiB),
      withRange(row.loadedKernelKiB),
      figure(together(row)),
      figure(together(row) / together(peer)),
      withRange(row.cpuUs),
      count(row.refused),
    ];
  });
  return table(head, cells);
}

/** Medians; not a number where either is not known. */
function together(row: ConnectRow | undefined): number {
  return (row?.loadedRssKiB?.median ?? Number.NaN) + (row?.loadedKernelKiB?.median ?? Number.NaN);
}
