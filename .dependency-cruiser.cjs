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
    // What runs in browsers meets other such code: see browser-stands-alone.
    only('live-imports-platform', 'live', ['platform/', 'web/browser/']),
    only('journal-imports-platform', 'journal', ['platform/']),
    only('web-imports-platform-and-live', 'web', ['platform/', 'live/']),
    {
      name: 'features-know-no-process',
      severity: 'error',
      from: { path: '^src/features/' },
      to: { path: '^src/(process|commands|browser|server)' },
    },
    {
      name: 'features-meet-by-public-and-fields',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: {
        path: '^src/features/',
        pathNot: [
          '^src/features/$1/',
          '^src/features/[^/]+/(public|fields)\\.ts$',
          // The hook of writes, until it is a part of the engine.
          '^src/features/episodes/(catalog-)?write\\.ts$',
        ],
      },
    },
    {
      name: 'nobody-imports-process',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/process/', '^src/server\\.ts$', '^src/commands/'] },
      to: { path: '^src/process/' },
    },
    {
      name: 'browser-stands-alone',
      severity: 'error',
      from: { path: '/browser/' },
      to: { path: '^src/', pathNot: ['/browser/', '^src/live/(state|wire)/'] },
    },
    {
      name: 'browser-knows-only-types-of-the-wire',
      severity: 'error',
      from: { path: '/browser/' },
      to: { path: '^src/live/wire/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'browser-and-state-know-no-node',
      severity: 'error',
      from: { path: ['/browser/', '^src/live/state/'] },
      to: { dependencyTypes: ['core'] },
    },
    knowsOnly(
      'who-knows-knex',
      ['knex', 'pg'],
      ['/(repository|public)\\.ts$', '^src/live/log/', '^src/journal/', '^src/platform/'],
    ),
    knowsOnly('who-knows-graphile-worker', ['graphile-worker'], ['^src/platform/jobs\\.ts$']),
    knowsOnly('who-knows-ioredis', ['ioredis'], ['^src/platform/redis\\.ts$', 'bus\\.ts$']),
    knowsOnly(
      'who-knows-prom-client',
      ['prom-client'],
      ['^src/platform/metrics\\.ts$', '^src/process/metrics'],
    ),
    knowsOnly(
      'who-knows-express',
      ['express', 'ejs'],
      [
        '^src/web/',
        '^src/process/app\\.ts$',
        '^src/features/[^/]+/(admin|api|page)\\.ts$',
        '^src/features/[^/]+/admin-[a-z-]+\\.ts$',
      ],
    ),
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
