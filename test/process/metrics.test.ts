import request from 'supertest';
import { version } from '../../package.json';
import { createLogger } from '../../src/platform/log';
import { serveMetrics } from '../../src/process/metrics-server';
import { createTestApp, type TestApp } from '../support/app';
import { keepLogLines } from '../support/log-lines';
import { newBrowser, sendLogin } from '../support/login';
import { listen, openStream } from '../support/stream-client';
import { until } from '../support/until';

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp({ SSE_MAX_CONNECTIONS_PER_IP: '1' });
});
afterAll(async () => {
  await site.close();
});
const read = (): Promise<string> => site.registry.metrics();

test('count streams that come, go and are refused', async () => {
  const server = await listen(site.app);
  const stream = await openStream(`${server.url}/events`);
  await stream.next('hello');
  const refused = await openStream(`${server.url}/events`);
  await refused.ended;
  expect(await read()).toMatch(/^nipnime_stream_connections 1$/m);
  expect(await read()).toMatch(/^nipnime_stream_opened_total\{resume="fresh"\} 1$/m);
  expect(await read()).toMatch(/^nipnime_stream_refused_total\{reason="busy"\} 1$/m);
  stream.close();
  await until(async () => /^nipnime_stream_closed_total\{reason="client"\} 1$/m.test(await read()));
  expect(await read()).toMatch(/^nipnime_stream_connections 0$/m);
  await server.close();
});

test('count streams that are told to read their lists again, by why', async () => {
  const server = await listen(site.app);
  const stream = await openStream(`${server.url}/events`, { 'Last-Event-ID': 'not a cursor' });
  await stream.next('reset');
  expect(await read()).toMatch(/^nipnime_stream_resets_total\{reason="malformed"\} 1$/m);
  expect(await read()).toMatch(/^nipnime_stream_resets_total\{reason="gap"\} 0$/m);
  stream.close();
  await stream.ended;
  await server.close();
});

test('count tries to log in that let nobody in, by why', async () => {
  await sendLogin(newBrowser(site), { email: 'ada@example.org', password: 'wrong' }).expect(422);
  expect(await read()).toMatch(/^nipnime_login_failures_total\{reason="password"\} 1$/m);
  expect(await read()).toMatch(/^nipnime_login_failures_total\{reason="limit"\} 0$/m);
  expect(await read()).toMatch(/^nipnime_login_failures_total\{reason="second step"\} 0$/m);
});

test('tell requests apart by a few classes, whatever was asked for', async () => {
  for (const path of ['/about', '/constructor', '/api/v1/episodes', '/icons/none.svg']) {
    await request(site.app).get(path);
  }
  await until(async () => /route="asset"/.test(await read()));
  const routes = [
    ...(await read()).matchAll(/duration_seconds_count\{route="(\w+)",status="(\w+)"\} (\d+)/g),
  ];
  const counts = new Map(routes.map(([, route, status, count]) => [`${route} ${status}`, Number(count)]));
  expect(counts.get('page 2xx')).toBe(1);
  expect(counts.get('page 4xx')).toBe(1);
  expect(counts.get('api 4xx')).toBe(1);
  expect(counts.get('asset 4xx')).toBe(1);
});

test('say how much memory is kept', async () => {
  expect(await read()).toMatch(/^nipnime_kept_bytes\{what="pictures"\} 0$/m);
  await request(site.app).get('/art/1/posters/0123456789ab.svg').expect(200);
  expect(await read()).toMatch(/^nipnime_kept_bytes\{what="pictures"\} [1-9]\d{3}$/m);
  expect(await read()).toMatch(/^nipnime_kept_bytes\{what="pages"\} 0$/m);
});

test('say which version runs, and that it serves and misses nothing', async () => {
  const text = await read();
  expect(text).toContain(`nipnime_build_info{version="${version}",node="${process.versions.node}"} 1\n`);
  expect(text).toMatch(/^nipnime_ready 1$/m);
  expect(text).toMatch(/^nipnime_draining 0$/m);
  expect(text).toMatch(/^nipnime_feed_lag_changes 0$/m);
  expect(Number(/^nipnime_feed_unseen_seconds (\S+)$/m.exec(text)?.[1])).toBeLessThan(5);
});

test('count the connections to Postgres of each pool', async () => {
  await request(site.app).get('/about').expect(200);
  const text = await read();
  for (const pool of ['pages', 'feed', 'sessions']) {
    expect(text).toMatch(
      new RegExp(`^nipnime_database_connections\\{pool="${pool}",state="used"\\} \\d+$`, 'm'),
    );
    expect(text).toMatch(new RegExp(`^nipnime_database_connections_max\\{pool="${pool}"\\} [1-9]\\d*$`, 'm'));
    expect(text).toMatch(new RegExp(`^nipnime_database_waiting\\{pool="${pool}"\\} 0$`, 'm'));
  }
});

describe('on a port of their own', () => {
  const log = createLogger('silent');
  const anyPort = { port: 0, host: '127.0.0.1' };

  test('are in the format of Prometheus, and are not kept by anybody', async () => {
    const server = await serveMetrics(anyPort, read, log);
    const response = await request(server.url).get('/metrics').expect(200);
    expect(response.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.get('cache-control')).toBe('no-store');
    expect(response.text).toContain('# TYPE nipnime_stream_connections gauge');
    await request(server.url).get('/').expect(404);
    await request(server.url).post('/metrics').expect(405);
    server.close();
  });

  test('are a 503 while a process does not tell its own, and the log says why', async () => {
    const lines = keepLogLines();
    const failing = () => Promise.reject(new Error('Operation timed out.'));
    const server = await serveMetrics(anyPort, failing, createLogger('info', lines.destination));
    const response = await request(server.url).get('/metrics').expect(503);
    expect(response.text).not.toContain('timed out');
    expect(lines.messages(40)).toEqual(['The metrics could not be read']);
    server.close();
  });

  test('are not at the port of the site', async () => {
    await request(site.app).get('/metrics').expect(404);
  });
});
