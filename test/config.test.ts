import { ConfigError, loadConfig } from '../src/config';

test('needs nothing, and is meant for one machine then', () => {
  expect(loadConfig({})).toMatchObject({
    production: false,
    host: '127.0.0.1',
    port: 3000,
    databaseUrl: undefined,
    redisUrl: undefined,
    stream: {
      heartbeatMs: 15_000,
      timeoutMs: 1_800_000,
      maxConnections: 20_000,
      maxConnectionsPerAddress: 30,
    },
  });
});

test('an empty variable counts as unset', () => {
  expect(loadConfig({ PORT: '', DATABASE_URL: '' })).toMatchObject({ port: 3000, databaseUrl: undefined });
});

test('names every variable that is wrong at once', () => {
  const load = () =>
    loadConfig({
      PORT: '70000',
      DATABASE_URL: 'mysql://x',
      REDIS_URL: 'x',
      NODE_ENV: 'prod',
      SSE_HEARTBEAT_MS: '1',
    });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(/PORT.*\n.*DATABASE_URL|DATABASE_URL/s);
  for (const name of ['PORT', 'DATABASE_URL', 'REDIS_URL', 'NODE_ENV', 'SSE_HEARTBEAT_MS']) {
    expect(load).toThrow(name);
  }
});

test('refuses production without a secret of its own, or with a short one', () => {
  expect(() => loadConfig({ NODE_ENV: 'production' })).toThrow('SESSION_SECRET must be set');
  expect(() => loadConfig({ NODE_ENV: 'production', SESSION_SECRET: 'changeme' })).toThrow('at least 32');
  expect(loadConfig({ NODE_ENV: 'production', SESSION_SECRET: 'x'.repeat(32) }).production).toBe(true);
});
