import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Operation, type OperationKind, planFlood } from '../../src/commands/flood/plan';
import { runFlood } from '../../src/commands/flood/run-flood';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { readLatestPage } from '../../src/features/latest/public';
import { createTestApp, type TestApp } from '../support/app';
import { freePort } from '../support/redis';
import { listen } from '../support/stream-client';

const MARKER = 'SECRET-4711';

function firstOf(count: number, seed: number, marker?: string): Operation[] {
  const plan = planFlood(seed, marker);
  return Array.from({ length: count }, () => plan.next().value);
}

describe('the plan', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(firstOf(300, 7)).toEqual(firstOf(300, 7));
    expect(firstOf(300, 7)).not.toEqual(firstOf(300, 8));
  });

  test('makes the same changes with a marker as without', () => {
    const kinds = (operations: Operation[]) => operations.map(({ kind, episode }) => `${kind} ${episode}`);
    expect(kinds(firstOf(300, 7, MARKER))).toEqual(kinds(firstOf(300, 7)));
  });

  test('makes every kind of change, each to an episode for which it makes sense', () => {
    const shown = new Map<number, boolean>();
    const seen = new Set<OperationKind>();
    for (const operation of firstOf(1_000, 1)) {
      const { kind, episode } = operation;
      seen.add(kind);
      if (operation.type === 'create') {
        expect(shown.has(episode)).toBe(false);
        shown.set(episode, kind === 'post' || (operation.publishInMs ?? Infinity) < 10_000);
        continue;
      }
      expect(shown.has(episode)).toBe(true);
      if (kind === 'hide' || kind === 'switch-off') expect(shown.get(episode)).toBe(true);
      if (kind === 'publish' || kind === 'switch-on') expect(shown.get(episode)).toBe(false);
      if (kind === 'delete') shown.delete(episode);
      else if (kind !== 'edit') shown.set(episode, kind === 'publish' || kind === 'switch-on');
    }
    expect([...seen].sort()).toEqual(
      ['delete', 'draft', 'edit', 'hide', 'post', 'publish', 'schedule', 'switch-off', 'switch-on'].sort(),
    );
  });

  test('marks every text of what is private, and none of what is public', () => {
    const shown = new Map<number, boolean>();
    for (const operation of firstOf(1_000, 2, MARKER)) {
      if (operation.type === 'delete') continue;
      const { kind, episode, fields } = operation;
      if (operation.type === 'create')
        shown.set(episode, kind === 'post' || (operation.publishInMs ?? Infinity) < 10_000);
      else if (kind !== 'edit') shown.set(episode, kind === 'publish' || kind === 'switch-on');
      const texts = [
        fields.title,
        fields.synopsis,
        ...fields.videoServers.flatMap(({ name, url }) => [name, url]),
      ];
      expect(texts.map((text) => text.includes(MARKER))).toEqual(texts.map(() => !shown.get(episode)));
    }
  });
});

describe('a flood', () => {
  let app: TestApp;
  let token: string;
  let site: { readonly url: string; close(): Promise<void> };
  beforeAll(async () => {
    app = await createTestApp();
    token = await createApiToken(app.database.db, 'flood');
    site = await listen(app);
  });
  afterAll(async () => {
    await site.close();
    await app.close();
  });

  test('leaves the database as its plan says, and marks nothing that is public', async () => {
    const seed = 11;
    const progress: number[] = [];
    const result = await runFlood({
      url: site.url,
      token,
      seed,
      rate: 1_000,
      changes: 80,
      marker: MARKER,
      onProgress: ({ done }) => progress.push(done),
    });
    expect(result.errors).toEqual([]);
    expect(result).toMatchObject({ seed, done: 80, skipped: 0, retries: {} });
    expect(Object.values(result.counts).reduce((sum, count) => sum + count)).toBe(80);
    expect(progress.at(-1)).toBe(80);

    const rows = await app.database
      .db('episodes')
      .select('number', 'title', 'deleted_at')
      .where({ series_id: result.series.id })
      .orderBy('number');
    const titles = new Map<number, string>();
    const deleted = new Set<number>();
    for (const operation of firstOf(80, seed, MARKER)) {
      if (operation.type === 'delete') deleted.add(operation.episode);
      else titles.set(operation.episode, operation.fields.title);
    }
    expect(rows.map(({ title }) => title)).toEqual([...titles.values()]);
    expect(rows.map((row) => row.deleted_at !== null)).toEqual(
      [...titles.keys()].map((each) => deleted.has(each)),
    );
    const page = await readLatestPage(app.database.db, {});
    expect(page.episodes.length).toBeGreaterThan(0);
    expect(JSON.stringify(page)).not.toContain(MARKER);
    expect(JSON.stringify(rows)).toContain(MARKER);
  });

  test('goes on in a series that has episodes already', async () => {
    const options = { url: site.url, token, rate: 1_000, changes: 10 };
    const { series } = await runFlood({ ...options, seed: 1 });
    const again = await runFlood({ ...options, seed: 1, seriesId: series.id });
    expect(again).toMatchObject({ done: 10, errors: [], series: { id: series.id } });
  });

  test('survives answers that are lost and a site that is away for a moment', async () => {
    let requests = 0;
    const proxy = await listen((request, response) => {
      requests++;
      if (requests % 5 === 0) response.writeHead(503).end();
      // Carried out, but nobody hears of it.
      else if (requests % 4 === 0) forward(request, site.url, () => response.destroy());
      else
        forward(request, site.url, (status, body) =>
          response.writeHead(status, { 'Content-Type': 'application/json' }).end(body),
        );
    });
    const result = await runFlood({ url: proxy.url, token, seed: 3, rate: 1_000, changes: 30 });
    await proxy.close();
    expect(result.errors).toEqual([]);
    expect(result).toMatchObject({ done: 30, skipped: 0 });
    expect(Object.keys(result.retries)).toContain('it answered 503');
    expect(Object.keys(result.retries).length).toBeGreaterThan(1);
    const [row] = await app.database.db('episodes').where({ series_id: result.series.id }).count();
    const { post, draft, schedule } = result.counts;
    expect(Number(row?.count)).toBe(post + draft + schedule);
  });

  test('keeps to its rate', async () => {
    const result = await runFlood({ url: site.url, token, seed: 5, rate: 50, seconds: 0.5 });
    expect(result.done).toBe(25);
    expect(result.durationMs).toBeGreaterThan(450);
  });

  test('ends early when it is told to', async () => {
    const abort = new AbortController();
    const result = await runFlood({
      url: site.url,
      token,
      seed: 5,
      rate: 200,
      signal: abort.signal,
      onProgress: ({ done }) => done === 5 && abort.abort(),
    });
    expect(result.done).toBeGreaterThanOrEqual(5);
    expect(result.done).toBeLessThan(50);
  });

  test('stops at once when its token is refused', async () => {
    await expect(runFlood({ url: site.url, token: 'nipnime_nobody', seed: 1 })).rejects.toMatchObject({
      name: 'SiteApiError',
      status: 401,
    });
  });

  test('says that there is nobody when there is nobody', async () => {
    const port = await freePort();
    await expect(
      runFlood({ url: `http://127.0.0.1:${port}`, token, seed: 1, patienceMs: 0 }),
    ).rejects.toThrow(/ECONNREFUSED/);
  });
});

/** Sends the request on; `answer` gets what came back. */
function forward(
  request: IncomingMessage,
  siteUrl: string,
  answer: (status: number, body: string) => ServerResponse | undefined,
): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  const sendOn = async (): Promise<void> => {
    const { method = 'GET', url = '/', headers } = request;
    const response = await fetch(new URL(url, siteUrl), {
      method,
      headers: {
        Authorization: headers.authorization ?? '',
        ...(chunks.length > 0 && { 'Content-Type': 'application/json' }),
      },
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    answer(response.status, await response.text());
  };
  request.on('end', () => void sendOn());
}
