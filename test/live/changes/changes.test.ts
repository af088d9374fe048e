import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { SEGMENT, TURN_MS } from '../../../src/live/changes/changes';
import { formatCursor, parseCursor } from '../../../src/live/log/change';
import { beginEpoch, readHead } from '../../../src/live/log/live-log';
import { RenderedItems } from '../../../src/live/rendered';
import { createLogger } from '../../../src/platform/log';
import { loadConfig } from '../../../src/process/config';
import { createLists } from '../../../src/process/lists';
import { createSiteNode, type SiteNode } from '../../../src/process/node';
import { episodeInput, newEpisode, newSeries, playable, tester } from '../../support/catalog';
import { type ChangesAnswer, readChanges } from '../../support/changes-client';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { listen } from '../../support/stream-client';
import { until } from '../../support/until';

/** Nodes on one database that tell each other nothing, so that each reads the log by itself. */
type Node = { readonly site: SiteNode; readonly url: string; close(): Promise<void> };

let database: TestDatabase;
let dataDir: string;
let nodes: Node[];
let seriesId: string;
let lastNumber = 0;

async function startNode(): Promise<Node> {
  const config = loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATA_DIR: dataDir });
  const site = await createSiteNode(config, createLogger(config.logLevel), {
    ...database,
    close: async () => undefined,
  });
  const server = await listen(site);
  return {
    site,
    url: server.url,
    close: async () => {
      await site.close();
      await server.close();
    },
  };
}

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'nipnime-changes-'));
  nodes = [await startNode(), await startNode()];
  seriesId = (await newSeries(first().site.catalog, { title: 'Lanterns' })).id;
});
afterAll(async () => {
  for (const node of nodes ?? []) await node.close();
  await database?.drop();
  await rm(dataDir, { recursive: true });
});

function first(): Node {
  const [node] = nodes;
  if (!node) throw new Error('No node was started.');
  return node;
}

const post = (overrides: Record<string, unknown> = {}) =>
  newEpisode(first().site.catalog, seriesId, { number: ++lastNumber, ...overrides });
const head = async (): Promise<string> => formatCursor(await readHead(database.db));
const ask = (point: string, query = 'topics=latest', node = first()) =>
  readChanges(`${node.url}/changes/${point}?${query}`);
const follow = (path: string, node = first()) => readChanges(node.url + path);
const of = (answer: ChangesAnswer, type: string) => answer.events.filter((event) => event.type === type);

/** As an admin's form saves it. */
async function write(id: string, overrides: Record<string, unknown>): Promise<void> {
  const input = episodeInput({ number: ++lastNumber, videoServers: [playable], ...overrides });
  const { outcome } = await updateEpisode(first().site.catalog, tester, id, () => input);
  if (outcome !== 'saved') throw new Error(`It was not saved: ${outcome}`);
}

/** Until the log has so many more changes than needed for what lies before `point` to be kept for ever. */
async function settle(point: string): Promise<void> {
  const { id } = await post();
  const { seq = 0 } = parseCursor(point) ?? {};
  const end = (Math.floor(seq / SEGMENT) + 2) * SEGMENT;
  while ((await readHead(database.db)).seq < end) await write(id, {});
  for (const { site } of nodes) await site.feed.catchUp();
  // The last of them are told at the next cut, of each node.
  for (const node of nodes)
    await until(async () => of(await ask(point, 'topics=latest', node), 'changed').length > 0);
}

const { latest } = createLists();
const rendered = new RenderedItems();

/** What the list shows, by key. */
async function truth(): Promise<ReadonlyMap<string, string>> {
  const { items } = await latest.readFirst(database.db, 'latest', 1_000);
  const shown = items.map((item) => rendered.of({ list: latest, language: 'en' }, item));
  return new Map(shown.map(({ key, html }) => [key, html]));
}

/** Somebody who has read the list at a point, and goes on from there. */
class Reader {
  point: string;
  /** How often the list had to be read again. */
  readings = 0;
  readonly statuses: number[] = [];
  readonly #items: Map<string, string>;
  readonly #revs = new Map<string, number>();

  constructor(point: string, items: ReadonlyMap<string, string>) {
    this.point = point;
    this.#items = new Map(items);
  }

  get items(): ReadonlyMap<string, string> {
    return this.#items;
  }

  followTo(last: string, pickNode?: () => Node): Promise<void> {
    return this.followUntil(() => this.point === last, pickNode);
  }

  async followUntil(isEnough: () => boolean, pickNode: () => Node = first): Promise<void> {
    let path = `/changes/${this.point}?topics=latest`;
    while (!isEnough()) {
      const answer = await follow(path, pickNode());
      this.statuses.push(answer.status);
      for (const { type, data } of answer.events) await this.#take(type, data);
      this.point = answer.reached;
      expect(answer.next).not.toBe(path);
      path = answer.next;
    }
  }

  async #take(type: string, { key, rev, html }: Record<string, unknown>): Promise<void> {
    if (type === 'changed' || type === 'reset') {
      this.readings++;
      this.#items.clear();
      for (const [itemKey, item] of await truth()) this.#items.set(itemKey, item);
    }
    if (typeof key !== 'string' || typeof rev !== 'number' || rev <= (this.#revs.get(key) ?? 0)) return;
    this.#revs.set(key, rev);
    if (type === 'upsert') this.#items.set(key, String(html));
    if (type === 'remove') this.#items.delete(key);
  }
}

describe('an answer', () => {
  test('comes at once, says what is true now in the bytes of the stream, and may be kept for a second', async () => {
    const point = await head();
    const { id } = await post({ title: 'At once' });
    const answer = await ask(point);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'public, max-age=1, stale-while-revalidate=0',
      'content-type': 'text/plain; charset=utf-8',
      vary: 'Accept-Encoding',
    });
    expect(answer.events.map(({ type }) => type)).toEqual(['upsert', 'next']);
    expect(of(answer, 'upsert')).toMatchObject([
      { id: await head(), data: { topic: 'latest', key: id, html: expect.stringContaining('At once') } },
    ]);
    expect(answer.reached).toBe(await head());
    expect(answer.next).toMatch(/^\/changes\/[a-z0-9]+\.\d+\?topics=latest&wait=\d+$/);
  });

  test('has one address, whatever way it is asked for', async () => {
    const point = await head();
    const asked = `${first().url}/changes/${point}?wait=07&topics=series:1.ja,latest,nothing,latest&more=1`;
    const { status, headers } = await fetch(asked, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([
      308,
      `/changes/${point}?topics=latest,series:1.ja&wait=7`,
    ]);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
  });

  test('is for public topics alone', async () => {
    expect((await ask(await head(), 'topics=site')).status).toBe(404);
    expect((await ask(await head(), 'topics=latest,site')).next).toContain('?topics=latest&wait=');
  });

  test('is asked for with GET', async () => {
    const response = await fetch(`${first().url}/changes/${await head()}?topics=latest`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('is the same compressed', async () => {
    const point = await head();
    await post();
    await until(async () => of(await ask(point), 'upsert').length === 1);
    const packed = await ask(point);
    const plain = await readChanges(`${first().url}/changes/${point}?topics=latest`, {
      headers: { 'Accept-Encoding': 'identity' },
    });
    const encodings = [packed, plain].map(({ headers }) => headers.get('content-encoding'));
    expect(encodings).toEqual(['gzip', null]);
    expect(of(packed, 'upsert')).toEqual(of(plain, 'upsert'));
  });
});

describe('an answer that waits', () => {
  const turn = () => Math.floor(Date.now() / TURN_MS);

  test('comes with the first change of its topics, for all who wait for it', async () => {
    const point = await head();
    const path = `/changes/${point}?topics=latest&wait=${turn() + 1}`;
    const waiting = [follow(path), follow(path), follow(path)];
    const { id } = await post({ title: 'Awaited' });
    const [answer, ...others] = await Promise.all(waiting);
    expect(answer && of(answer, 'upsert')).toMatchObject([{ data: { key: id } }]);
    for (const other of others) expect(other.text).toBe(answer?.text);
  });

  test('says after its turn that nothing has come, and names another address', async () => {
    const point = await head();
    const path = `/changes/${point}?topics=latest&wait=${turn() - 1}`;
    const answer = await follow(path);
    expect(answer.events.map(({ type }) => type)).toEqual(['next']);
    expect(answer.reached).toBe(point);
    expect(answer.next).not.toBe(path);
    // Who goes on from it asks for a turn that is not over, or that was not over a moment ago.
    expect(Number(/wait=(\d+)$/.exec(answer.next)?.[1])).toBeGreaterThanOrEqual(turn() - 1);
  });

  test('does not come with a change of other topics', async () => {
    const point = await head();
    let isAnswered = false;
    const waiting = ask(point, `topics=series:999&wait=${turn() + 1}`).finally(() => {
      isAnswered = true;
    });
    await post();
    const told = await ask(point, `topics=latest&wait=${turn() + 1}`);
    expect([of(told, 'upsert').length, isAnswered]).toEqual([1, false]);
    // Its end is that of the turn: nobody has to wait for that here.
    waiting.catch(() => undefined);
  });
});

describe('a reader', () => {
  test('loses nothing of 200 changes, from wherever it goes on, whichever node answers', async () => {
    const known = new Map([[await head(), await truth()]]);
    const live = new Reader(await head(), await truth());
    const either = () => nodes[Math.floor(Math.random() * nodes.length)] ?? first();
    const keys = [...(await truth()).keys()];
    let isOver = false;
    const following = live.followUntil(() => isOver, either);
    for (let change = 0; change < 200; change++) {
      const key = keys[Math.floor(Math.random() * keys.length)];
      const chance = Math.random();
      if (key === undefined || chance < 0.4) keys.push((await post({ title: `Item ${change}` })).id);
      else if (chance < 0.7) await write(key, { title: `Again ${change}` });
      else if (chance < 0.85) await write(key, { status: 'hidden' });
      else {
        await deleteEpisode(first().site.catalog, tester, key);
        keys.splice(keys.indexOf(key), 1);
      }
      known.set(await head(), await truth());
    }
    isOver = true;
    // What it waits for.
    await post();
    await following;
    const [last, expected] = [await head(), await truth()];
    await live.followTo(last, either);
    expect(live.items).toEqual(expected);

    const points = [...known];
    const readers = Array.from({ length: 40 }, () => {
      const [point, items] = points[Math.floor(Math.random() * points.length)] ?? [last, expected];
      return new Reader(point, items);
    });
    await Promise.all(readers.map((reader) => reader.followTo(last, either)));
    for (const reader of readers) expect(reader.items).toEqual(expected);
    expect(readers.flatMap(({ statuses }) => statuses).every((status) => status === 200)).toBe(true);
  }, 60_000);
});

describe('a full answer', () => {
  test('points and quotes nothing, is the same from every node, and may be kept', async () => {
    const point = await head();
    const { id } = await post({ title: 'Later a secret' });
    await settle(point);
    await write(id, { title: 'Later a secret', status: 'hidden' });
    const answer = await ask(point);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=604800, immutable');
    const { seq = 0 } = parseCursor(point) ?? {};
    const [pointer] = of(answer, 'changed');
    expect(pointer).toEqual({
      type: 'changed',
      id: point.replace(/\d+$/, String(pointer?.data.rev)),
      data: {
        topic: 'latest',
        type: 'upsert',
        kind: 'episode',
        key: id,
        isNew: true,
        rev: expect.any(Number),
      },
    });
    expect(new Set(answer.events.map(({ type }) => type))).toEqual(new Set(['changed', 'next']));
    expect(answer.text).not.toContain('secret');
    expect(answer.text).not.toContain('html');
    // It ends at the boundary, and so does each that begins before it.
    const end = point.replace(/\d+$/, String((Math.floor(seq / SEGMENT) + 1) * SEGMENT));
    expect([answer.reached, answer.next]).toEqual([end, `/changes/${end}?topics=latest`]);

    const others = await Promise.all(
      nodes.flatMap((node) => [ask(point, 'topics=latest', node), ask(point, 'topics=latest&wait=1', node)]),
    );
    for (const other of others) expect(other.text).toBe(answer.text);
  });

  test('leads whoever is far behind to the present', async () => {
    const point = await head();
    await settle(point);
    await settle(await head());
    const reader = new Reader(point, new Map());
    await reader.followTo(await head());
    expect(reader.items).toEqual(await truth());
    expect(reader.readings).toBeGreaterThan(0);
  });
});

describe('what is hidden', () => {
  test('is in no answer any more, from whichever point', async () => {
    const points = [await head()];
    const { id } = await post({ title: 'Shown by mistake' });
    points.push(await head());
    await write(id, { title: 'Shown by mistake, and renamed' });
    points.push(await head());
    await until(async () => (await ask(points[0] ?? '')).text.includes('Shown by mistake'));
    await write(id, { title: 'Shown by mistake', status: 'hidden' });
    const last = await head();
    for (const { site } of nodes) await site.feed.catchUp();
    for (const point of points) {
      for (const node of nodes) {
        const reader = new Reader(point, new Map([[id, '']]));
        await reader.followTo(last, () => node);
        expect(reader.items.has(id)).toBe(false);
        expect((await ask(point, 'topics=latest', node)).text).not.toContain('mistake');
      }
    }
  });
});

describe('a point that nothing continues', () => {
  const reasonOf = async (point: string, topics = 'latest') => {
    const answer = await ask(point, `topics=${topics}`);
    const [reset] = of(answer, 'reset');
    expect(answer.status).toBe(410);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=1, stale-while-revalidate=0');
    expect([reset?.id, reset?.data.topics]).toEqual([answer.reached, [topics]]);
    expect((await follow(answer.next.replace(/&wait.*/, ''))).status).toBe(200);
    return reset?.data.reason;
  };

  test('is told so, and why', async () => {
    const [epoch, seq] = (await head()).split('.');
    expect(await reasonOf('other.1')).toBe('epoch');
    expect(await reasonOf(`${epoch}.${Number(seq) + 1_000}`)).toBe('ahead');
    expect(await reasonOf('nonsense')).toBe('malformed');
    expect(await reasonOf(`${epoch}.${'9'.repeat(80)}`)).toBe('malformed');
  });

  test('is one whose rows are gone', async () => {
    const point = await head();
    await settle(point);
    const { seq = 0 } = parseCursor(point) ?? {};
    await database
      .db('live_log')
      .where('seq', '<=', seq + 1)
      .delete();
    // Of what has been asked before the node has the answer, which is still right.
    expect(await reasonOf(point, 'latest.ja')).toBe('gap');
  });

  test('is one of before a restore, also for who waits', async () => {
    const point = await head();
    const waiting = ask(point, `topics=latest&wait=${Math.floor(Date.now() / TURN_MS) + 1}`);
    await database.db.transaction((trx) => beginEpoch(trx));
    const answer = await waiting;
    expect([answer.status, of(answer, 'reset')[0]?.data.reason]).toEqual([410, 'epoch']);
    expect(answer.reached).toBe(await head());
  });
});
