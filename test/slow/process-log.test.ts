import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { type ServerProcess, startServer } from '../support/server-process';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

jest.setTimeout(60_000);

let database: TestDatabase;
let network: TcpProxy;
let url: string;
let server: ServerProcess | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.db('series').insert({ slug: 'frieren', title: 'Frieren', kind: 'tv' });
  network = await startTcpProxy({ port: Number(new URL(database.url).port || 5432) });
  url = Object.assign(new URL(database.url), { host: `127.0.0.1:${network.port}` }).href;
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  network.mend();
});
afterAll(async () => {
  await network?.close();
  await database?.drop();
});

/** The messages of all lines; a line that is no JSON fails the test. */
function messages(from: ServerProcess): string[] {
  return from.lines().map((line) => {
    if (typeof line === 'string') throw new Error(`This line is not of the log: ${line}`);
    return line.msg;
  });
}

function count(from: ServerProcess, message: string): number {
  return messages(from).filter((each) => each === message).length;
}

test('while Postgres is away the log has one line for it, and one when it is back', async () => {
  server = await startServer({
    DATABASE_URL: url,
    NODE_ENV: 'production',
    SESSION_SECRET: 'a secret that is only for this test',
  });
  const { url: site } = server;
  await server.untilReady();
  const before = messages(server).length;
  network.cut();
  await until(async () => (await fetch(`${site}/series/frieren`)).status === 503);
  const form = { method: 'POST', body: new URLSearchParams({ email: 'a', password: 'b' }) };
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      ['/series/frieren', '/admin', '/api/v1/series', '/readyz'].map((path) => fetch(`${site}${path}`)),
    );
    await fetch(`${site}/admin/login`, form);
  }
  network.mend();
  const running = server;
  await until(() => messages(running).includes('Postgres is back'));
  // A worker each, as they share the machine but not their connections.
  const lines = server.lines().slice(before);
  const workers = new Set(lines.map((line) => (typeof line === 'string' ? line : line.pid))).size;
  expect(count(server, 'Postgres is away')).toBeLessThanOrEqual(workers);
  expect(lines.length).toBeLessThanOrEqual(2 * workers);
  expect(new Set(messages(server).slice(before))).toEqual(new Set(['Postgres is away', 'Postgres is back']));
});

test('why it could not start is one line of the log, and status 1', async () => {
  network.cut();
  server = await startServer({ DATABASE_URL: url, WEB_CONCURRENCY: '1' });
  expect(await server.ended).toBe(1);
  expect(messages(server)).toEqual([
    expect.stringMatching(/^nipnime could not start: .*(ECONNRESET|Connection terminated)/),
  ]);
});

test.each(['1', '2'])('a port that is taken: one line of %s process(es) says so', async (count) => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { port } = blocker.address() as AddressInfo;
  server = await startServer({ DATABASE_URL: url, PORT: String(port), WEB_CONCURRENCY: count });
  expect(await server.ended).toBe(1);
  blocker.close();
  expect(messages(server).filter((message) => message.startsWith('nipnime could not start'))).toEqual([
    expect.stringContaining('EADDRINUSE'),
  ]);
});

test('a misspelt setting is one line of the log, whatever number of processes there is', async () => {
  server = await startServer({ DATABASE_URL: url, WEB_CONCURRENCY: '2', SSE_MAX_CONECTIONS: '5' });
  await server.untilReady();
  const told = messages(server).filter((message) => message.includes('not a setting'));
  expect(told).toEqual(['SSE_MAX_CONECTIONS is not a setting; did you mean SSE_MAX_CONNECTIONS?']);
});

test('warnings of Node and of libraries are lines of the log', async () => {
  const warn = `process.emitWarning('look out'); process.emit('deprecation', new Error('old things'))`;
  server = await startServer({
    DATABASE_URL: url,
    WEB_CONCURRENCY: '1',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`setTimeout(() => { ${warn} }, 500)`)}`,
  });
  await server.untilReady();
  const running = server;
  await until(() => messages(running).includes('old things'));
  expect(messages(server)).toContain('look out');
});

test.each([
  ['an exception', `throw new Error('boom')`],
  ['a rejection', `Promise.reject(new Error('boom'))`],
  ['a rejection with no error', 'Promise.reject({ secret: 1 })'],
])('%s that nobody handled is one line, and status 1', async (_what, code) => {
  server = await startServer({
    DATABASE_URL: url,
    WEB_CONCURRENCY: '1',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`setTimeout(() => { ${code} }, 1_000)`)}`,
  });
  expect(await server.ended).toBe(1);
  expect(messages(server).at(-1)).toBe('An error that nobody handled ends the process');
});
