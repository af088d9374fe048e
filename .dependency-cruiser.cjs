const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, ...allowed.map((folder) => `^src/${folder}`)] },
});

const knowsOnly = (name, modules, allowed) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: allowed },
  to: { path: modules.map((module) => `node_modules/${module}/`) },
});

module.exports = {
  forbidden: [
    only('platform-imports-nothing', 'platform', []),
    only('changes-imports-platform', 'changes', ['platform/']),
    only('realtime-imports-changes', 'realtime', [
      'changes/change-event',
      'changes/change-feed',
      'platform/accept-encoding',
      'platform/security-headers',
    ]),
    only('cluster-connects-processes', 'cluster', [
      'changes/change-bus',
      'changes/change-event',
      'platform/',
      'realtime/admission',
    ]),
    only('catalog-imports-changes-platform', 'catalog', ['changes/', 'platform/']),
    only('accounts-imports-changes-platform', 'accounts', ['changes/', 'platform/']),
    only('browser-stands-alone', 'browser', []),
    {
      name: 'http-knows-no-change-log',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: ['^src/changes/change-log', '^src/(commands|browser|server)'] },
    },
    knowsOnly(
      'who-knows-knex',
      ['knex', 'pg'],
      [
        '^src/catalog/.*-repository\\.ts$',
        '^src/accounts/',
        '^src/catalog/(public-catalog|catalog-write|scheduler|import-bangumi)\\.ts$',
        '^src/changes/change-log\\.ts$',
        '^src/platform/(database|embedded-database|postgres-client)\\.ts$',
      ],
    ),
    knowsOnly(
      'who-knows-ioredis',
      ['ioredis'],
      ['^src/platform/redis\\.ts$', '^src/changes/change-bus\\.ts$'],
    ),
    knowsOnly('who-knows-prom-client', ['prom-client'], ['^src/platform/metrics\\.ts$', '^src/http/ops/']),
    knowsOnly('who-knows-express', ['express', 'ejs'], ['^src/http/', '^src/app\\.ts$']),
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
