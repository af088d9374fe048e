import { createAdmin } from '../../../src/features/accounts/admin-users';
import { findEpisode, listEpisodes } from '../../../src/features/episodes/queries';
import { moveEpisode } from '../../../src/features/episodes/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, playable, testCatalog, tester } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
beforeAll(async () => {
  site = await createTestApp({});
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
});
afterAll(() => site.close());

const seriesPair = async (name: string) => {
  const from = await newSeries(site.catalog, { title: `${name} from` });
  const to = await newSeries(site.catalog, { title: `${name} to` });
  return [from.id, to.id] as const;
};
const of = async (seriesId: string) =>
  (await listEpisodes(site.database.db, { seriesId, limit: 50 })).map(({ number }) => number).sort();
const attribute = (html: string): string => html.replaceAll('&amp;', '&').replaceAll('&#39;', "'");
const send = (path: string, form: Readonly<Record<string, string>> = {}) =>
  agent
    .post(path)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(new URLSearchParams(form).toString());

test('an episode keeps all that it has and its place of the grid, and is no new one', async () => {
  const [from, to] = await seriesPair('Kept');
  const { id } = await newEpisode(site.catalog, from, {
    number: '7.5',
    title: 'The journey',
    externalId: 'kept-7.5',
    videoServers: [playable, { ...playable, name: 'Mirror', enabled: false }],
  });
  const before = await findEpisode(site.database.db, id);
  const catalog = testCatalog(site.database.db);
  const result = await moveEpisode(catalog, tester, id, to);
  if (result.outcome !== 'saved') throw new Error(`Not moved: ${result.outcome}`);

  const moved = await findEpisode(site.database.db, result.episode.id);
  const kept = ({ id: _, ...server }: { readonly id: string }) => server;
  expect(moved).toEqual({
    ...before,
    ...moved,
    seriesId: to,
    seriesTitle: 'Kept to',
    title: 'The journey',
    number: '7.5',
    externalId: 'kept-7.5',
    publishedAt: before?.publishedAt,
  });
  expect(moved?.videoServers.map(kept)).toEqual(before?.videoServers.map(kept));
  expect(await findEpisode(site.database.db, id)).toBeUndefined();
  const told = catalog.published.map(({ type, key, topics, isNew }) => ({
    type,
    key,
    topics: [...topics].sort(),
    isNew,
  }));
  expect(told).toEqual([
    { type: 'upsert', key: moved?.id, topics: ['latest', `newest:${to}`, `series:${to}`], isNew: false },
    { type: 'remove', key: id, topics: ['latest', `newest:${from}`, `series:${from}`], isNew: false },
  ]);
});

test('a number that is taken there refuses the one, and changes nothing of it', async () => {
  const [from, to] = await seriesPair('Taken');
  const { id } = await newEpisode(site.catalog, from, { number: 1 });
  const other = await newEpisode(site.catalog, to, { number: 1 });
  expect(await moveEpisode(site.catalog, tester, id, to)).toMatchObject({
    outcome: 'number-taken',
    by: { id: other.id },
  });
  expect([await of(from), await of(to)]).toEqual([['1'], ['1']]);
  expect(await moveEpisode(site.catalog, tester, id, '999999')).toEqual({ outcome: 'not-found' });
  expect(await of(from)).toEqual(['1']);
});

test('two who move episodes to and fro at once end with each in one series', async () => {
  const [a, b] = await seriesPair('Crossing');
  const there = [];
  const back = [];
  for (let number = 1; number <= 6; number++) {
    there.push(await newEpisode(site.catalog, a, { number }));
    back.push(await newEpisode(site.catalog, b, { number: 10 + number }));
  }
  await Promise.all([
    ...there.map(({ id }) => moveEpisode(site.catalog, tester, id, b)),
    ...back.map(({ id }) => moveEpisode(site.catalog, tester, id, a)),
    ...there.map(({ id }) => moveEpisode(site.catalog, tester, id, b)),
  ]);
  expect(await of(b)).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(await of(a)).toEqual(['11', '12', '13', '14', '15', '16']);
});

test('an admin ticks some, finds the series, is told which can’t go there, and takes it back at once', async () => {
  const [from, to] = await seriesPair('Zorgon');
  const ids = [];
  for (const number of [1, 2, 3]) ids.push((await newEpisode(site.catalog, from, { number })).id);
  await newEpisode(site.catalog, to, { number: 2 });
  const ticked = Object.fromEntries(ids.map((id) => [`episode-${id}`, '1']));
  const back = `/admin/episodes?seriesId=${from}`;
  const { headers } = await send('/admin/episodes/act', { ...ticked, action: 'move', back }).expect(303);
  const page = await agent.get(`${headers.location}&search=zorgon+to`).expect(200);
  expect(page.text).toContain('Episode 2 of “Zorgon from”');
  expect(page.text).toMatch(/has Episode 2 already: not moved/);
  const episodes = attribute(/name="episodes" value="([^"]*)"/.exec(page.text)?.[1] ?? '');
  await send('/admin/episodes/move', { episodes, seriesId: to, back }).expect('Location', back);
  expect([await of(from), await of(to)]).toEqual([['2'], ['1', '2', '3']]);
  const { text } = await agent.get(back);
  expect(text).toContain('2 episodes moved to “Zorgon to”. There is an Episode 2 of “Zorgon to” already.');
  await send(attribute(/action="(\/admin\/episodes\/undo[^"]*)"/.exec(text)?.[1] ?? '')).expect(303);
  expect([await of(from), await of(to)]).toEqual([['1', '2', '3'], ['2']]);

  await agent.get('/admin/episodes/move').expect(400);
  await agent.get('/admin/episodes/move?episodes=999999').expect(404);
  await agent.get('/admin/episodes/move?episodes=1;drop').expect(400);
  await send('/admin/episodes/move', { episodes, seriesId: '' }).expect(422);
});
