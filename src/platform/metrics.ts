import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';

export type { Registry } from 'prom-client';

export function createRegistry(): Registry {
  return new Registry();
}

/** Adds prom-client's figures of a Node process, which are measured from now on: CPU, memory, event loop, descriptors. */
export function measureProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  // Of several processes the one that fares worst counts: an average would hide a process that is stuck.
  for (const percentile of ['p50', 'p90', 'p99']) {
    const metric = registry.getSingleMetric(`nodejs_eventloop_lag_${percentile}_seconds`);
    if (metric) Object.assign(metric, { aggregator: 'max' });
  }
}

/** Makes this worker answer the first process: with no figures until `shareMetrics` has named some. */
export function answerMetrics(): void {
  new AggregatorRegistry();
}

/** Names the figures that this worker gives to the first process. */
export function shareMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries(registry);
}

/**
 * Returns a function that asks all workers for their figures, adds them up, and returns the text for Prometheus. It throws
 * when a worker doesn't answer within 5 s.
 */
export function createWorkerMetricsReader(): () => Promise<string> {
  const aggregator = new AggregatorRegistry();
  return () => aggregator.clusterMetrics();
}
