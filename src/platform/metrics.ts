import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';

export type { Registry } from 'prom-client';

/** All figures of one process at one moment, in a form that goes to another process. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export function createRegistry(): Registry {
  return new Registry();
}

/** Adds what prom-client knows of a Node process: CPU, memory, event loop, descriptors. It measures from now on. */
export function measureProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
}

/**
 * Makes one of the figures of several processes: counters, histograms and gauges are added up, of the event loop's
 * percentiles the worst counts, because an average would hide the process that is stuck.
 */
export function mergeSnapshots(snapshots: readonly MetricsSnapshot[]): Registry {
  const prepared = snapshots.map((snapshot) =>
    snapshot.map((metric) =>
      /^nodejs_eventloop_lag_p\d+_seconds$/.test(metric.name)
        ? { ...metric, aggregator: 'max' as const }
        : metric,
    ),
  );
  return AggregatorRegistry.aggregate(prepared);
}
