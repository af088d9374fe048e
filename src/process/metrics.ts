import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { LoginRefusal } from '../features/accounts/login-record';
import type { Delivery, StreamMetrics } from '../live/hub/stream-metrics';

/** Records figures: each part of the site calls what it knows about. docs/metrics.md describes the figures. */
export type Metrics = {
  readonly stream: StreamMetrics;
  readonly loginRefused: (reason: LoginRefusal) => void;
  readonly busPublishFailed: () => void;
  /** A page has told that it showed something else than its list. */
  readonly divergentPage: () => void;
  readonly pageCacheRequest: (result: string) => void;
  /** A request for what comes after a point was answered. */
  readonly changesAnswered: (answer: 'full' | 'tail' | 'gone' | 'refused') => void;
  /** @param what names what is kept, such as `pages` */
  readonly measureKept: (what: string, heldBytes: () => number) => void;
  /** @param dependency names something that this process needs for all of its work, such as `postgres` */
  readonly dependencyIsUp: (dependency: string, isUp: boolean) => void;
  /** @param route class of the route, such as `page`: never an address, of which there are too many */
  readonly requestAnswered: (route: string, status: number, seconds: number) => void;
};

/** Seconds, from half a millisecond to ten. */
const DELIVERY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10,
];
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** @param workerId names this process where several share a port: each shows its number of streams */
export function createMetrics(registry: Registry, workerId: number | undefined): Metrics {
  const registers = [registry];
  const publishFailed = new Counter({
    name: 'nipnime_bus_publish_failed_total',
    help: 'Changes that the bus did not take; other nodes read them from the log within 2 s.',
    registers,
  });
  const pageCache = new Counter({
    name: 'nipnime_page_cache_requests_total',
    help: 'Requests for pages that are kept rendered, by what came of it.',
    labelNames: ['result'],
    registers,
  });
  const kept = new Map<string, () => number>();
  new Gauge({
    name: 'nipnime_kept_bytes',
    help: 'Memory of what is kept to be answered again.',
    labelNames: ['what'],
    registers,
    collect() {
      for (const [what, heldBytes] of kept) this.set({ what }, heldBytes());
    },
  });
  const dependencies = new Gauge({
    name: 'nipnime_dependency_up',
    help: '1 while what the site depends on is there, 0 while it is away.',
    labelNames: ['dependency'],
    // Of several processes the one that fares worst counts.
    aggregator: 'min',
    registers,
  });
  const requests = new Histogram({
    name: 'nipnime_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer, without those that the page cache answered.',
    labelNames: ['route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const divergent = new Counter({
    name: 'nipnime_divergent_pages_total',
    help: 'Pages that showed something else than their list, and have read it again.',
    registers,
  });
  const changes = new Counter({
    name: 'nipnime_changes_answered_total',
    help: 'Requests for what comes after a point that no cache has answered, by the answer.',
    labelNames: ['answer'],
    registers,
  });
  for (const answer of ['full', 'tail', 'gone', 'refused']) changes.inc({ answer }, 0);
  const logins = new Counter({
    name: 'nipnime_login_failures_total',
    help: 'Tries to log in to the back office that let nobody in, by reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of ['password', 'second step', 'limit', 'busy']) logins.inc({ reason }, 0);
  return {
    stream: createStreamMetrics(registers, workerId),
    loginRefused: (reason) => logins.inc({ reason }),
    busPublishFailed: () => publishFailed.inc(),
    divergentPage: () => divergent.inc(),
    changesAnswered: (answer) => changes.inc({ answer }),
    pageCacheRequest: (result) => pageCache.labels(result).inc(),
    measureKept: (what, heldBytes) => kept.set(what, heldBytes),
    dependencyIsUp: (dependency, isUp) => dependencies.set({ dependency }, isUp ? 1 : 0),
    requestAnswered: (route, status, seconds) =>
      requests.observe({ route, status: `${Math.floor(status / 100)}xx` }, seconds),
  };
}

/** Figures of what is done in the background, by the process that does it. */
export function createJobMetrics(registry: Registry): {
  readonly webhookTried: (outcome: string) => void;
} {
  const tries = new Counter({
    name: 'nipnime_webhook_tries_total',
    help: 'Messages sent to the targets of webhooks, by what came of it.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['delivered', 'answered', 'unreachable', 'refused']) tries.inc({ outcome }, 0);
  return { webhookTried: (outcome) => tries.inc({ outcome }) };
}

function createStreamMetrics(registers: Registry[], workerId: number | undefined): StreamMetrics {
  const connections = new Gauge({
    name: 'nipnime_stream_connections',
    help: 'Streams that are open.',
    labelNames: ['worker'],
    registers,
  });
  const worker = workerId === undefined ? {} : { worker: String(workerId) };
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const opened = counter('nipnime_stream_opened_total', 'Streams that were greeted.', ['resume']);
  const closed = counter('nipnime_stream_closed_total', 'Streams that were greeted and have ended.', [
    'reason',
  ]);
  const refused = counter('nipnime_stream_refused_total', 'Streams that were told to come back later.', [
    'reason',
  ]);
  const resets = counter('nipnime_stream_resets_total', 'Streams that were told to read lists again.', [
    'reason',
  ]);
  // Each figure is there from the start: one that appears with its first event has no rate before it.
  connections.set(worker, 0);
  for (const resume of ['fresh', 'ok', 'reset']) opened.inc({ resume }, 0);
  for (const reason of ['client', 'ttl', 'drain', 'slow', 'unsure', 'signed-out']) closed.inc({ reason }, 0);
  for (const reason of ['busy', 'drain', 'unsure', 'signed-out']) refused.inc({ reason }, 0);
  for (const reason of ['gap', 'epoch', 'burst', 'malformed', 'ahead']) resets.inc({ reason }, 0);
  const unrenderable = counter(
    'nipnime_unrenderable_items_total',
    'Items that could not be rendered, and were told as not there.',
  );
  const events = counter('nipnime_stream_events_total', 'Events written, each once for each stream.');
  const bytes = counter('nipnime_stream_written_bytes_total', 'Bytes of events on the wire.');
  const seconds = new Histogram({
    name: 'nipnime_delivery_seconds',
    help: 'From the commit of a change to its last byte to the last stream, by stage.',
    labelNames: ['stage'],
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  return {
    opened: (resume) => {
      connections.inc(worker);
      opened.inc({ resume });
    },
    closed: (reason) => {
      connections.dec(worker);
      closed.inc({ reason });
    },
    refused: (reason) => refused.inc({ reason }),
    reset: (reason, streams) => resets.inc({ reason }, streams),
    unrenderable: () => unrenderable.inc(),
    delivered: (delivery) => {
      events.inc(delivery.events * delivery.connections);
      bytes.inc(delivery.bytes);
      for (const [stage, ms] of stagesOf(delivery))
        if (ms !== undefined) seconds.observe({ stage }, ms / 1_000);
    },
  };
}

function stagesOf(delivery: Delivery): readonly (readonly [string, number | undefined])[] {
  return [
    ['bus', delivery.busMs],
    ['feed', delivery.feedMs],
    ['render', delivery.renderMs],
    ['encode', delivery.encodeMs],
    ['write', delivery.writeMs],
    ['total', delivery.totalMs],
  ];
}
