import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRegistry } from '../../src/platform/metrics';
import { projectRoot } from '../../src/platform/project';
import { createJobMetrics, createMetrics } from '../../src/process/metrics';
import { measureServing, measureSite } from '../../src/process/metrics-at-scrape';

const read = (path: string): string => readFileSync(join(projectRoot(), path), 'utf8');

const alerts = read('deploy/observability/alerts.yml');
const dashboard = read('deploy/observability/dashboard.json');
const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name);

/** Names in the first column of the table; `…_seconds` of a histogram stands for its parts. */
function documentedMetrics(): ReadonlySet<string> {
  const rows = read('docs/metrics.md').matchAll(/^\| (`[^|]+) \|/gm);
  return new Set(
    [...rows].flatMap(([, column = '']) => [...column.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)),
  );
}

const metricsIn = (text: string): string[] =>
  [...text.matchAll(/\b(?:nipnime|nodejs|process)_\w+/g)].map(([name]) =>
    name.replace(/_(bucket|count|sum)$/, ''),
  );

test.each([
  ['alerts', alerts],
  ['panels', dashboard],
])('the %s name metrics that docs/metrics.md describes', (_what, text) => {
  const documented = documentedMetrics();
  const named = metricsIn(text);
  expect(named.length).toBeGreaterThan(10);
  expect([...new Set(named)].filter((name) => !documented.has(name))).toEqual([]);
});

test('docs/metrics.md describes each figure that the site adds', () => {
  const registry = createRegistry();
  createMetrics(registry, undefined);
  createJobMetrics(registry);
  measureServing(registry, {
    version: '1.2.3',
    isDraining: () => false,
    whyUnready: async () => undefined,
    feed: { cursor: { epoch: 'k3f9', seq: 7 }, unseenMs: 0 },
    readHead: async () => ({ epoch: 'k3f9', seq: 7 }),
    pools: {},
  });
  measureSite(registry, {
    readOverdue: async () => ({ episodes: 0, oldestSeconds: 0 }),
    countJobs: async () => ({}),
  });
  const documented = documentedMetrics();
  const added = registry.getMetricsAsArray().map(({ name }) => name);
  expect(added.length).toBeGreaterThan(25);
  expect(added.filter((name) => !documented.has(name))).toEqual([]);
});

test('each alert has words on what to do, and a test in which it fires', () => {
  const headings = [...read('docs/monitoring.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(headings).toEqual(names);
  const tests = read('deploy/observability/alerts.test.yml');
  const fires = (name: string): boolean =>
    new RegExp(`alertname: ${name}\\n\\s+exp_alerts:\\n\\s+- exp_labels`).test(tests);
  expect(names.filter((name) => !fires(name))).toEqual([]);
});

test('all panels ask the data source that is set up with them', () => {
  const uid = /uid: (\S+)/.exec(read('deploy/observability/grafana-datasource.yml'))?.[1];
  const asked = [...dashboard.matchAll(/"type": "prometheus",\s+"uid": "([^"]+)"/g)].map(([, name]) => name);
  expect(asked.length).toBeGreaterThan(20);
  expect(new Set(asked)).toEqual(new Set([uid]));
});

test('the Compose file lets nobody in without a password, or from another machine, and its files are there', () => {
  const compose = read('compose.observability.yml');
  expect(compose).toMatch(/GF_SECURITY_ADMIN_PASSWORD: \$\{GRAFANA_PASSWORD:\?/);
  const ports = [...compose.matchAll(/ports: (.+)/g)].map(([, port]) => port);
  expect(ports).toHaveLength(1);
  expect(ports[0]).toMatch(/^\['\$\{GRAFANA_HOST:-127\.0\.0\.1\}:\$\{GRAFANA_PORT:-3001\}:3000'\]$/);
  const mounted = [...compose.matchAll(/- \.\/(\S+?):\//g)].map(([, path = '']) => path);
  expect(mounted).toHaveLength(5);
  for (const path of mounted) expect(existsSync(join(projectRoot(), path))).toBe(true);
});
