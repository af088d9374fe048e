import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { startNginx } from '../../src/commands/cluster/nginx';
import { findNginx } from '../../src/commands/cluster/programs';
import { createTestApp, type TestApp } from '../support/app';
import { freePort } from '../support/redis';
import { listen, openStream } from '../support/stream-client';
import { until } from '../support/until';

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp({ SSE_MAX_CONNECTIONS_PER_IP: '1' });
});
afterAll(async () => {
  await site.close();
});
const read = async (): Promise<string> => (await request(site.app).get('/metrics')).text;

test('are in the format of Prometheus, and are not kept by anybody', async () => {
  const response = await request(site.app).get('/metrics').expect(200);
  expect(response.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(response.get('cache-control')).toBe('no-store');
  expect(response.text).toContain('# TYPE nipnime_stream_connections gauge');
});

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

test('tell requests apart by a few classes, whatever was asked for', async () => {
  for (const path of ['/about', '/constructor', '/api/v1/episodes', '/icons/none.svg']) {
    await request(site.app).get(path);
  }
  await until(async () => /route="asset"/.test(await read()));
  const routes = [
    ...(await read()).matchAll(/duration_seconds_count\{route="(\w+)",status="(\w+)"\} (\d+)/g),
  ];
  const counts = new Map(routes.map(([, route, status, count]) => [`${route} ${status}`, Number(count)]));
  expect(counts.get('site 2xx')).toBe(1);
  expect(counts.get('site 4xx')).toBe(1);
  expect(counts.get('api 4xx')).toBe(1);
  expect(counts.get('asset 4xx')).toBe(1);
});

test('say how much memory is kept', async () => {
  expect(await read()).toMatch(/^nipnime_kept_bytes\{what="pictures"\} 0$/m);
  await request(site.app).get('/art/1/posters/0123456789ab.svg').expect(200);
  expect(await read()).toMatch(/^nipnime_kept_bytes\{what="pictures"\} [1-9]\d{3}$/m);
  expect(await read()).toMatch(/^nipnime_kept_bytes\{what="pages"\} 0$/m);
});

test('have one name only', async () => {
  await request(site.app).get('/Metrics').expect(404);
  await request(site.app).get('/metrics/').expect(404);
});

const nginx = findNginx(process.env.PATH) ?? '';
const testWithNginx = nginx ? test : test.skip;

testWithNginx('are not handed on by nginx as it is shipped', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nipnime-metrics-'));
  const server = await listen((_request, response) => response.end('a node'));
  const port = await freePort();
  const upstreamPorts = [Number(new URL(server.url).port)];
  const proxy = await startNginx({ program: nginx, port, upstreamPorts, folder });
  for (const path of ['/metrics', '/metrics?x', '//metrics', '/%6detrics', '/Metrics', '/metrics/']) {
    const response = await request(`http://127.0.0.1:${port}`).get(path);
    expect(response.status).toBe(404);
    expect(response.text).not.toBe('a node');
  }
  await proxy.stop();
  await server.close();
  await rm(folder, { recursive: true });
});
