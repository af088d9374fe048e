import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import type { UpsertEvent } from '../../src/browser/live/stream-event';
import { deleteEpisode, updateEpisode } from '../../src/catalog/episode-repository';
import { compareWithTruth } from '../../src/commands/stream/compare';
import { readDatabaseGrid } from '../../src/commands/stream/database-truth';
import { differences } from '../../src/commands/stream/differences';
import { eventLine } from '../../src/commands/stream/event-line';
import { cardTitle, type GridState, parseGrid } from '../../src/commands/stream/grid-fragment';
import { readGrid } from '../../src/commands/stream/read-grid';
import {
  type FollowedEvent,
  StreamFollower,
  type StreamFollowerOptions,
} from '../../src/commands/stream/stream-follower';
import { StreamGrid } from '../../src/commands/stream/stream-grid';
import { createCardRenderer } from '../../src/http/fragments';
import { projectRoot } from '../../src/platform/project';
import { createTestApp, type TestApp } from '../support/app';
import { episodeInput, newEpisode, newSeries, tester } from '../support/catalog';
import { listen } from '../support/stream-client';
import { until } from '../support/until';

type Episode = { readonly id: number; readonly timeMs: number; readonly title: string };

const newestFirst = (a: Episode, b: Episode) => b.timeMs - a.timeMs || b.id - a.id;

function cardHtml({ id, timeMs, title }: Episode, rev: number): string {
  return `<article class="card" data-episode-id="${id}" data-rev="${rev}" data-page-key="${timeMs}-${id}"><h2><a><span>A</span> <span class="card__episode">${title}</span></a></h2></article>`;
}

function gridHtml(
  episodes: readonly Episode[],
  seq: number,
  options: { size?: number; epoch?: string } = {},
): string {
  const { size = 24, epoch = 'e1' } = options;
  const page = [...episodes].sort(newestFirst).slice(0, size);
  const last = page.at(-1);
  const link =
    last && episodes.length > size
      ? `<a class="button" href="/episodes/latest?type=tv&amp;before=${last.timeMs}-${last.id}" rel="next" data-older-link>Older</a>`
      : '';
  const items = page.map((episode) => `<li>${cardHtml(episode, seq)}</li>`).join('');
  return `<div class="grid" data-live-grid data-cursor="${epoch}.${seq}"><ol data-cards>${items}</ol>${link}</div>`;
}

const page = (...parameters: Parameters<typeof gridHtml>): GridState => parseGrid(gridHtml(...parameters));
const upsert = (episode: Episode, rev: number): UpsertEvent => ({
  type: 'upsert',
  episodeId: String(episode.id),
  rev,
  isNew: true,
  title: episode.title,
  url: '/',
  html: cardHtml(episode, rev),
});
const remove = (id: number, rev: number) => ({ type: 'remove' as const, episodeId: String(id), rev });
const some = (count: number): Episode[] =>
  Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    timeMs: 1_000 + index,
    title: `T${index + 1}`,
  }));
const shown = (grid: GridState) => grid.cards.map(({ episodeId }) => Number(episodeId));

describe('the grid of a client', () => {
  test('puts cards where they belong: by time, and of the same instant by id as a number', () => {
    const grid = new StreamGrid(page([], 1));
    expect(grid.apply(upsert({ id: 9, timeMs: 5, title: '' }, 2))).toBe('inserted');
    expect(grid.apply(upsert({ id: 10, timeMs: 5, title: '' }, 3))).toBe('inserted');
    expect(grid.apply(upsert({ id: 2, timeMs: 7, title: '' }, 4))).toBe('inserted');
    expect(grid.apply(upsert({ id: 1, timeMs: 3, title: '' }, 5))).toBe('inserted');
    expect(shown(grid)).toEqual([2, 10, 9, 1]);
    expect(grid.violations).toEqual([]);
  });

  test('ignores what belongs behind its last card while there is an older page, and trims to its size', () => {
    const grid = new StreamGrid(page(some(30), 1, { size: 3 }));
    expect(shown(grid)).toEqual([30, 29, 28]);
    expect(grid.apply(upsert({ id: 5, timeMs: 1_004, title: 'edited' }, 2))).toBe('ignored');
    expect(grid.apply(upsert({ id: 31, timeMs: 2_000, title: '' }, 3))).toBe('inserted');
    expect(shown(grid)).toEqual([31, 30, 29]);
    expect(grid.end).toEqual({ publishedMs: 1_028, episodeId: 29n });
    // What was pushed out is unknown now.
    expect(grid.apply(upsert({ id: 28, timeMs: 1_027, title: 'edited' }, 4))).toBe('ignored');
    expect(grid.apply(remove(30, 5))).toBe('removed');
    expect(shown(grid)).toEqual([31, 29]);
  });

  test('drops what is not newer than what it shows', () => {
    const grid = new StreamGrid(page(some(2), 10));
    expect(grid.apply(upsert({ id: 1, timeMs: 1_000, title: 'old' }, 10))).toBe('ignored');
    expect(grid.apply(remove(1, 12))).toBe('removed');
    expect(grid.apply(remove(1, 12))).toBe('ignored');
    expect(grid.repeated).toBe(1);
    expect(grid.violations).toEqual([]);
    expect(grid.apply(upsert({ id: 1, timeMs: 1_000, title: 'old' }, 11))).toBe('ignored');
    expect(shown(grid)).toEqual([2]);
    expect(grid.violations).toEqual(['upsert 11 of episode 1 came after 12']);
  });

  test('notes a page that shows an episode twice or out of order, and a card that is not the event’s', () => {
    const [one, two] = [
      { id: 1, timeMs: 1, title: '' },
      { id: 2, timeMs: 2, title: '' },
    ];
    const wrong = page([one, two], 1);
    expect(new StreamGrid({ ...wrong, cards: [...wrong.cards].reverse() }).violations).toEqual([
      'episodes 1 and 2 are out of order in the page at e1.1',
    ]);
    const doubled = new StreamGrid({ ...wrong, cards: [...wrong.cards, ...wrong.cards] });
    expect(doubled.violations[0]).toBe('an episode is shown twice in the page at e1.1');
    const grid = new StreamGrid(wrong);
    expect(grid.apply({ ...upsert(one, 2), html: cardHtml(two, 2) })).toBe('ignored');
    expect(grid.violations).toHaveLength(1);
  });

  test('numbers may begin anew after a reset', () => {
    const grid = new StreamGrid(page(some(2), 90));
    grid.apply(remove(2, 95));
    grid.expectReplacement();
    grid.apply(remove(2, 3));
    grid.replace(page(some(3), 4, { epoch: 'e2' }));
    expect(grid.apply(remove(3, 5))).toBe('removed');
    expect(shown(grid)).toEqual([2, 1]);
    expect(grid.violations).toEqual([]);
  });
});

describe('the comparison with the truth', () => {
  test('finds what is missing, left over, stale, doubled or in another place', () => {
    const truth = page(some(4), 5);
    const client = (cards: GridState['cards']) => ({ ...truth, cards, heardRev: () => 0 });
    const [a, b, c, d] = truth.cards;
    if (!a || !b || !c || !d) throw new Error('The truth has four cards.');
    const kinds = (cards: GridState['cards'], of = truth) =>
      differences(client(cards), of).map(({ kind, episodeId }) => `${kind} ${episodeId}`);
    expect(kinds([a, b, c, d])).toEqual([]);
    expect(kinds([a, b, d])).toEqual(['missing 2']);
    expect(kinds([a, b, c, d], page(some(3), 5))).toEqual(['extra 4']);
    expect(kinds([a, { ...b, html: b.html.replace('T3', 'T3b') }, c, d])).toEqual(['stale 3']);
    expect(kinds([a, { ...b, html: b.html.replace('data-rev="5"', 'data-rev="3"') }, c, d])).toEqual([]);
    expect(kinds([a, b, b, c, d])).toEqual(['twice 3']);
    expect(kinds([b, a, c, d])).toEqual(['order 4']);
    expect(differences(client([a, b, c]), truth)[0]?.text).toBe('The client lacks episode 1 (A – T1)');
  });

  test('allows a client fewer cards when those that moved up came from behind its end', () => {
    const episodes = some(6);
    const grid = new StreamGrid(page(episodes, 1, { size: 3 }));
    grid.apply(remove(6, 2));
    const rest = episodes.filter(({ id }) => id !== 6);
    expect(shown(grid)).toEqual([5, 4]);
    expect(shown(page(rest, 2, { size: 3 }))).toEqual([5, 4, 3]);
    expect(differences(grid, page(rest, 2, { size: 3 }))).toEqual([]);
    // But nothing that it can know.
    grid.apply(remove(4, 3));
    expect(differences(grid, page(rest, 3, { size: 3 }))).toMatchObject([
      { kind: 'missing', episodeId: '4' },
    ]);
  });

  test('compares a client that began with a short page as far as the page of the truth goes', () => {
    const grid = new StreamGrid(page([], 1, { size: 3 }));
    for (const episode of some(5)) grid.apply(upsert(episode, 1 + episode.id));
    expect(grid.cards).toHaveLength(5);
    expect(differences(grid, page(some(5), 6, { size: 3 }))).toEqual([]);
    expect(differences(grid, page(some(4), 6, { size: 3 }))).toMatchObject([
      { kind: 'extra', episodeId: '5' },
    ]);
  });

  test('leaves out what the client knows better', () => {
    const grid = new StreamGrid(page(some(3), 1));
    grid.apply(remove(2, 5));
    expect(differences(grid, page(some(3), 4))).toEqual([]);
    expect(differences(grid, page(some(3), 5))).toMatchObject([{ kind: 'missing', episodeId: '2' }]);
  });

  test('tells another history, and refuses a truth that is older than the page', () => {
    const grid = new StreamGrid(page(some(3), 8));
    expect(differences(grid, page(some(3), 9, { epoch: 'e2' }))).toMatchObject([{ kind: 'epoch' }]);
    expect(() => differences(grid, page(some(3), 7))).toThrow(RangeError);
  });

  test('finds nothing in any client that applied every change, whatever the changes were', () => {
    const change = fc.record({ id: fc.integer({ min: 1, max: 12 }), what: fc.constantFrom('show', 'hide') });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 12 })),
        fc.array(change, { maxLength: 40 }),
        (ids, changes) => {
          const size = 4;
          const at = (id: number, title: string): Episode => ({ id, timeMs: id % 5, title });
          const database = new Map(ids.map((id) => [id, at(id, 'first')]));
          const grid = new StreamGrid(page([...database.values()], 1, { size }));
          for (const [index, { id, what }] of changes.entries()) {
            const rev = index + 2;
            if (what === 'show') {
              database.set(id, at(id, `at ${rev}`));
              grid.apply(upsert(at(id, `at ${rev}`), rev));
            } else if (database.delete(id)) grid.apply(remove(id, rev));
            expect(differences(grid, page([...database.values()], rev, { size }))).toEqual([]);
          }
          expect(grid.violations).toEqual([]);
        },
      ),
    );
  });
});

/** A site of which the test is the server. */
async function scriptedSite(episodes: readonly Episode[], seq = 1) {
  const streams: { readonly resume: string; readonly response: ServerResponse }[] = [];
  const state = { episodes, seq, epoch: 'e1', gridStatus: 200, streamStatus: 200, gridReads: 0 };
  const server = await listen((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site.invalid');
    if (url.pathname === '/episodes/latest/grid') {
      state.gridReads++;
      response.writeHead(state.gridStatus, { 'Content-Type': 'text/html' });
      response.end(gridHtml(state.episodes, state.seq, { epoch: state.epoch }));
      return;
    }
    const header = request.headers['last-event-id'];
    const resume = header === undefined ? `address ${url.searchParams.get('cursor')}` : `header ${header}`;
    streams.push({ resume, response });
    response.writeHead(state.streamStatus, { 'Content-Type': 'text/event-stream' });
    if (state.streamStatus !== 200) response.end();
    else response.write('retry: 20\n\n');
  });
  const send = (event: string, data: unknown, id?: string): void => {
    const idLine = id ? `id: ${id}\n` : '';
    streams.at(-1)?.response.write(`event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`);
  };
  return {
    ...server,
    state,
    send,
    resumes: () => streams.map(({ resume }) => resume),
    cut: () => streams.at(-1)?.response.destroy(),
    end: () => streams.at(-1)?.response.end(),
  };
}

describe('a follower', () => {
  let site: Awaited<ReturnType<typeof scriptedSite>>;
  let follower: StreamFollower;
  let heard: FollowedEvent[];
  let notes: string[];
  afterEach(async () => {
    follower.stop();
    await site.close();
  });

  async function follow(options: Partial<StreamFollowerOptions> = {}): Promise<void> {
    heard = [];
    notes = [];
    follower = await StreamFollower.start({
      url: site.url,
      random: () => 0,
      onEvent: (followed) => heard.push(followed),
      onNote: (note) => notes.push(note),
      ...options,
    });
    await until(() => follower.counters.connects === 1);
  }
  const hello = (resume = 'ok') =>
    site.send('hello', { resume, heartbeatMs: 15_000, ttlMs: 1_000 }, follower.lastId);

  test('reads the grid once, and keeps it from the stream', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    expect(site.resumes()).toEqual(['address e1.7']);
    hello();
    site.send('upsert', upsert({ id: 3, timeMs: 9_000, title: 'New' }, 8), 'e1.8');
    site.send('remove', remove(1, 9), 'e1.9');
    site.send('ping', { head: 'e1.9' });
    await until(() => heard.length === 4);
    expect(shown(follower.grid)).toEqual([3, 2]);
    expect(heard.map(({ event, outcome }) => `${event.type} ${outcome}`)).toEqual([
      'hello undefined',
      'upsert inserted',
      'remove removed',
      'ping undefined',
    ]);
    expect(follower).toMatchObject({ isLive: true, lastId: 'e1.9', violations: [] });
    expect(follower.counters).toMatchObject({ connects: 1, events: 2, losses: 0, resets: 0 });
    expect(site.state.gridReads).toBe(1);
    const [, inserted] = heard;
    expect(inserted && eventLine(inserted, new Date(0))).toBe(
      '00:00:00.000  upsert  e1.8            3        New (inserted)',
    );
  });

  test('resumes by its last id when the connection is lost', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello();
    site.send('remove', remove(1, 8), 'e1.8');
    await until(() => heard.length === 2);
    site.cut();
    await until(() => follower.counters.connects === 2);
    site.end();
    await until(() => follower.counters.connects === 3);
    expect(site.resumes()).toEqual(['address e1.7', 'header e1.8', 'header e1.8']);
    expect(follower.counters.losses).toBe(2);
    expect(notes[1]).toBe('the stream ended; again in 0.0 s');
  });

  test('comes back after a goodbye, from where it is', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello();
    site.send('remove', remove(1, 8), 'e1.8');
    site.send('bye', { reason: 'drain', retryMs: 30 });
    await until(() => follower.counters.connects === 2);
    expect(site.resumes()).toEqual(['address e1.7', 'address e1.8']);
    expect(follower.counters).toMatchObject({ byes: 1, losses: 0 });
  });

  test('tries again later when the answer is no stream', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    site.state.streamStatus = 502;
    site.cut();
    await until(() => notes.length === 2);
    expect(notes[1]).toBe('the answer was 502 with text/event-stream; again in 0.5 s');
    site.state.streamStatus = 200;
    await until(() => follower.counters.connects === 2);
    expect(site.resumes().at(-1)).toBe('address e1.7');
  });

  test('takes a silent connection for dead', async () => {
    site = await scriptedSite(some(2), 7);
    await follow({ silenceMs: 50 });
    await until(() => follower.counters.connects === 2);
    expect(notes[0]).toBe('nothing was heard for 0.05 s; again in 0.5 s');
  });

  test('reads the grid again after a reset, within the time that it is given', async () => {
    site = await scriptedSite(some(2), 7);
    await follow({ random: () => 0.5 });
    hello('reset');
    site.state.episodes = some(4);
    site.state.seq = 3;
    site.state.epoch = 'e2';
    site.send('reset', { reason: 'epoch', spreadMs: 100 }, 'e2.3');
    // Comes before the grid is read: one of it is in the grid then, the other is newer.
    site.send('remove', remove(9, 3), 'e2.3');
    site.send('remove', remove(2, 4), 'e2.4');
    await until(() => heard.length === 4);
    expect(follower.hasReached('e2.4')).toBe(false);
    await until(() => follower.hasReached('e2.4'));
    expect(shown(follower.grid)).toEqual([4, 3, 1]);
    expect(follower.counters).toMatchObject({ resets: 1, refetches: 1 });
    expect(notes).toEqual(['the grid was read again, at e2.3']);
    expect(follower.violations).toEqual([]);
  });

  test('is not content with a grid of before the reset, nor with an answer that is none or never comes', async () => {
    site = await scriptedSite(some(2), 7);
    const answers: (() => Promise<Response>)[] = [];
    await follow({ fetch: (...request) => answers.shift()?.() ?? fetch(...request) });
    hello('reset');
    answers.push(
      async () => new Response(gridHtml(some(2), 7)),
      async () => new Response('<h1>Please log in to this network</h1>'),
      async () => new Response(new ReadableStream()),
    );
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
    site.state.seq = 9;
    site.send('reset', { reason: 'gap', spreadMs: 0 }, 'e1.9');
    while (follower.counters.refetches === 0) {
      expect(follower.hasReached('e1.9')).toBe(false);
      await new Promise((resolve) => setImmediate(resolve));
      jest.advanceTimersByTime(100);
    }
    jest.useRealTimers();
    expect(notes).toEqual([
      "the grid can't be read (The answer is of e1.7, and e1.9 was told); again in 1.0 s",
      "the grid can't be read (The answer holds no grid of episodes.); again in 2.0 s",
      "the grid can't be read (There was no answer within 10 s.); again in 4.0 s",
      'the grid was read again, at e1.9',
    ]);
    expect(follower.hasReached('e1.9')).toBe(true);
  });

  test('gives a connection up that has not greeted within ten seconds', async () => {
    site = await scriptedSite(some(2), 7);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
    const following = follow();
    while (site.resumes().length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
      jest.advanceTimersByTime(10);
    }
    jest.useRealTimers();
    await following;
    expect(notes[0]).toBe('nothing was heard for 10 s; again in 0.5 s');
  });

  test('notes a stream that forgot where to go on, and an event that it can’t read', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    hello('fresh');
    site.state.seq = 8;
    site.send('upsert', { episodeId: 3 }, 'e1.8');
    await until(() => follower.counters.refetches === 1);
    expect(follower.violations).toEqual([
      'the stream began afresh, though it was asked to go on from e1.7',
      'an event of type upsert can\'t be read: {"episodeId":3}',
    ]);
  });

  test('does nothing more once it is stopped', async () => {
    site = await scriptedSite(some(2), 7);
    await follow();
    follower.stop();
    site.cut();
    site.state.gridReads = 0;
    await new Promise((resolve) => setImmediate(resolve));
    expect(notes).toEqual([]);
    expect(follower.isLive).toBe(false);
  });

  test('does not start without a grid', async () => {
    site = await scriptedSite(some(2), 7);
    site.state.gridStatus = 503;
    await expect(StreamFollower.start({ url: site.url })).rejects.toThrow(
      '/episodes/latest/grid answered 503',
    );
  });
});

/** A network that can be cut, to a site whose clients come back at once: 2 to 8 s would be long for a test. */
async function startHastyNetwork(siteUrl: string) {
  let isCut = false;
  const open = new Set<ServerResponse>();
  const passOn = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    open.add(response);
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      const id = asked.headers['last-event-id'];
      const answer = await fetch(new URL(asked.url ?? '/', siteUrl), {
        headers: typeof id === 'string' ? { 'Last-Event-ID': id } : {},
        signal: left.signal,
      });
      response.writeHead(answer.status, { 'Content-Type': answer.headers.get('Content-Type') ?? '' });
      for await (const chunk of answer.body ?? [])
        response.write(
          Buffer.from(chunk)
            .toString()
            .replace(/^retry: \d+$/m, 'retry: 20'),
        );
      response.end();
    } catch {
      response.destroy();
    }
  };
  const server = await listen((asked, response) => {
    if (isCut) response.destroy();
    else void passOn(asked, response);
  });
  return {
    ...server,
    cut() {
      isCut = true;
      for (const response of open) response.destroy();
    },
    mend() {
      isCut = false;
    },
  };
}

describe('followers of the real site', () => {
  const renderCard = createCardRenderer(join(projectRoot(), 'views'));
  let app: TestApp;
  let site: { readonly url: string; close(): Promise<void> };
  beforeAll(async () => {
    app = await createTestApp({ SSE_HEARTBEAT_MS: '1000' });
    site = await listen(app);
  });
  afterAll(async () => {
    await site.close();
    await app.close();
  });
  const truth = () => readDatabaseGrid(app.database.db, renderCard);

  test('equal the database and the grid of the site, also after the network was cut', async () => {
    const { catalog } = app;
    const network = await startHastyNetwork(site.url);
    const series = await newSeries(catalog, { title: 'R&B "quoted" <b> 旅' });
    const ids: string[] = [];
    const post = async (number: number) => {
      ids.push((await newEpisode(catalog, series.id, { number, title: `It's <i>${number}</i> & more` })).id);
    };
    for (let number = 1; number <= 30; number++) await post(number);
    const [near, far] = await Promise.all([
      StreamFollower.start({ url: site.url }),
      StreamFollower.start({ url: network.url }),
    ]);
    try {
      await until(() => near.isLive && far.isLive);
      expect(await compareWithTruth(near, truth, 3_000)).toEqual([]);
      network.cut();
      await until(() => !far.isLive);
      await post(31);
      await deleteEpisode(catalog, tester, ids[25] ?? '');
      await updateEpisode(catalog, tester, ids[28] ?? '', () =>
        episodeInput({ number: '29', title: 'Edited' }),
      );
      await updateEpisode(catalog, tester, ids[27] ?? '', () =>
        episodeInput({ number: '28', status: 'hidden' }),
      );
      expect(await compareWithTruth(near, truth, 3_000)).toEqual([]);
      expect(await compareWithTruth(far, truth, 50)).toEqual([
        expect.stringMatching(/^The client is not connected and stands at \w+\.30, the truth at \w+\.34/),
      ]);
      network.mend();
      expect(await compareWithTruth(far, truth, 10_000)).toEqual([]);
      expect(await compareWithTruth(near, () => readGrid(site.url), 3_000)).toEqual([]);
      expect(near.grid.cards).toHaveLength(22);
      expect(near.grid.cards.map(cardTitle)).toContain(`${series.title} – Episode 31 It's <i>31</i> & more`);
      expect([...near.violations, ...far.violations]).toEqual([]);
      expect(far.counters).toMatchObject({ connects: 2, resets: 0 });
    } finally {
      near.stop();
      far.stop();
      await network.close();
    }
  });

  test('many of them fit into one process', async () => {
    const many = await createTestApp({ SSE_MAX_CONNECTIONS_PER_IP: '500' });
    const busy = await listen(many);
    const followers = await Promise.all(
      Array.from({ length: 60 }, () => StreamFollower.start({ url: busy.url })),
    );
    try {
      await until(() => followers.every(({ isLive }) => isLive));
      const series = await newSeries(many.catalog);
      for (let number = 1; number <= 10; number++) await newEpisode(many.catalog, series.id, { number });
      const read = () => readDatabaseGrid(many.database.db, renderCard);
      for (const follower of followers) expect(await compareWithTruth(follower, read, 3_000)).toEqual([]);
      expect(followers.every(({ counters }) => counters.events === 10)).toBe(true);
    } finally {
      for (const follower of followers) follower.stop();
      await busy.close();
      await many.close();
    }
  });
});
