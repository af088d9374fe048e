import type { ServerUnderTest } from './server-under-test';

/** What a site's metrics were at one moment. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export class SiteMetrics {
  readonly #lines: readonly string[];

  private constructor(text: string) {
    this.#lines = text.split('\n');
  }

  /** Also begins a new period for the percentiles of the event loop. */
  static async read({ metricsPort }: Pick<ServerUnderTest, 'metricsPort'>): Promise<SiteMetrics> {
    const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    if (!response.ok) throw new Error(`/metrics answered ${response.status}.`);
    return new SiteMetrics(await response.text());
  }

  /** Undefined when there is no such figure. `name` with its labels, as they are written. */
  value(name: string): number | undefined {
    const line = this.#lines.find((each) => each.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  }

  /** Number of observations up to each bound, in the order of the bounds. */
  buckets(name: string, label: string): readonly Bucket[] {
    return this.#lines.flatMap((line) => {
      if (!line.startsWith(`${name}_bucket{`) || !line.includes(label)) return [];
      const [, bound = '', count = ''] = /le="([^"]+)".*\} (\S+)$/.exec(line) ?? [];
      return [{ bound: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound), count: Number(count) }];
    });
  }
}

type Bucket = { readonly bound: number; readonly count: number };

/** Of what was observed between the two; undefined when nothing was. As exact as the buckets, between which it interpolates. */
export function histogramQuantile(
  before: readonly Bucket[],
  after: readonly Bucket[],
  share: number,
): number | undefined {
  const counts = after.map(({ bound, count }, index) => ({
    bound,
    count: count - (before[index]?.count ?? 0),
  }));
  const wanted = (counts.at(-1)?.count ?? 0) * share;
  if (wanted === 0) return undefined;
  let lower: Bucket = { bound: 0, count: 0 };
  for (const bucket of counts) {
    if (bucket.count >= wanted) {
      if (bucket.bound === Number.POSITIVE_INFINITY) return lower.bound;
      const part = (wanted - lower.count) / (bucket.count - lower.count);
      return lower.bound + part * (bucket.bound - lower.bound);
    }
    lower = bucket;
  }
  return lower.bound;
}
