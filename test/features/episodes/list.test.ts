import { createAdmin } from '../../../src/features/accounts/admin-users';
import { findEpisode } from '../../../src/features/episodes/queries';
import { updateEpisode } from '../../../src/features/episodes/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
let frieren: string;
let mob: string;
const servers = (...names: readonly string[]) =>
  names.map((name) => ({ name, kind: 'file', url: `https://${name.toLowerCase()}.example/1.mp4` }));

beforeAll(async () => {
  site = await createTestApp({});
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
  frieren = (await newSeries(site.catalog, { title: '葬送のフリーレン', synonyms: ['Frieren'] })).id;
  mob = (await newSeries(site.catalog, { title: 'Mob Psycho 100' })).id;
  for (let number = 1; number <= 120; number++)
    await newEpisode(site.catalog, frieren, { number, videoServers: servers('Main', 'Mirror') });
  for (const number of [12, 100])
    await newEpisode(site.catalog, mob, {
      number,
      title: `Title ${number} of Mob`,
      status: 'draft',
      videoServers: [],
    });
});
afterAll(() => site.close());

const plain = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
const attribute = (html: string): string => html.replaceAll('&amp;', '&').replaceAll('&#39;', "'");

async function list(address: string) {
  const { text } = await agent.get(address).expect(200);
  const rows = [...text.matchAll(/<th class="admin-table__main".*?<\/th>(.*?)<\/tr>/gs)].map(([row]) =>
    plain(row),
  );
  const link = (rel: string) => attribute(new RegExp(`href="([^"]*)" rel="${rel}"`).exec(text)?.[1] ?? '');
  const tabs = [...text.matchAll(/class="admin-tabs__tab".*?<\/a>/gs)].map(([tab]) =>
    plain(tab.slice(tab.indexOf('>') + 1)),
  );
  return { text, rows, next: link('next'), previous: link('prev'), tabs };
}

const labelsOf = (rows: readonly string[]) =>
  rows.map((row) => /^(?:Episode|Special) [0-9.]+/.exec(row)?.[0]);

async function act(ids: readonly string[], fields: Readonly<Record<string, string>>): Promise<string> {
  const form = new URLSearchParams({
    ...Object.fromEntries(ids.map((id) => [`episode-${id}`, '1'])),
    ...fields,
  });
  await agent
    .post('/admin/episodes/act')
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(form.toString())
    .expect(303);
  return (await agent.get('/admin/episodes').expect(200)).text;
}

const undoOf = (html: string) => attribute(/action="(\/admin\/episodes\/undo[^"]*)"/.exec(html)?.[1] ?? '');
const undo = (html: string) => agent.post(undoOf(html)).set('Sec-Fetch-Site', 'same-origin').expect(303);

test.each([
  ['order=number&seriesId=', 1],
  ['order=number&reversed=1&seriesId=', 120],
  ['order=added&seriesId=', 120],
  ['order=published&seriesId=', 120],
  ['order=edited&seriesId=', 120],
  ['order=series&reversed=&seriesId=', 1],
  ['order=due&seriesId=', 1],
])('pages of %s follow each other, forwards and backwards', async (query, first) => {
  const start = await list(`/admin/episodes?${query}${frieren}`);
  expect(start.previous).toBe('');
  const second = await list(start.next);
  const third = await list(second.next);
  expect(third.next).toBe('');
  const forwards = labelsOf([...start.rows, ...second.rows, ...third.rows]);
  expect(forwards[0]).toBe(`Episode ${first}`);
  expect(new Set(forwards).size).toBe(120);
  const back = await list(third.previous);
  expect(back.rows).toEqual(second.rows);
  const atStart = await list(back.previous);
  expect(atStart.rows).toEqual(start.rows);
  expect(atStart.previous).toBe('');
});

test('is searched by series in any script, by number, by both, and by the title of an episode', async () => {
  const found = async (q: string) =>
    (await list(`/admin/episodes?order=number&q=${encodeURIComponent(q)}`)).rows;
  expect(await found('Frieren')).toHaveLength(50);
  expect((await found('frieren 12')).map((row) => row.slice(0, 25))).toEqual([
    'Episode 12 葬送のフリーレン Publi',
  ]);
  expect((await found('ふりーれん 12')).map((row) => row.slice(0, 10))).toEqual(['Episode 12']);
  expect(labelsOf(await found('Mob Psycho 100'))).toEqual(['Episode 12', 'Episode 100']);
  expect(labelsOf(await found('100'))).toEqual(['Episode 100', 'Episode 100']);
  expect(labelsOf(await found('title 12 OF'))).toEqual(['Episode 12']);
  expect((await list('/admin/episodes?q=nothing-like-it')).text).toContain('No episode is like that');
});

test('says how many there are of each status, of those that are looked for', async () => {
  const all = await list('/admin/episodes');
  expect(all.tabs).toEqual(['All 122', 'Draft 2', 'Scheduled 0', 'Published 120', 'Hidden 0']);
  const off = await list('/admin/episodes?servers=off&order=number');
  expect(off.tabs).toEqual(['All 2', 'Draft 2', 'Scheduled 0', 'Published 0', 'Hidden 0']);
  expect(labelsOf(off.rows)).toEqual(['Episode 12', 'Episode 100']);
});

test.each([
  'order=x',
  'after=1',
  'after=x~1',
  'order=published&after=yesterday~1',
  'status=gone',
  'servers=on',
])('refuses %s', async (query) => {
  await agent.get(`/admin/episodes?${query}`).expect(400);
});

test('what is ticked is published, hidden, deleted and switched, and each of these is taken back at once', async () => {
  const [a, b, c] = await Promise.all(
    ['draft', 'hidden', 'published'].map((status, index) =>
      newEpisode(site.catalog, mob, { number: 200 + index, status, videoServers: servers('Main', 'Mirror') }),
    ),
  );
  const ids = [a, b, c].flatMap((episode) => episode?.id ?? []);
  const states = async () =>
    Promise.all(
      ids.map(async (id) => {
        const episode = await findEpisode(site.database.db, id);
        const on = episode?.videoServers.filter(({ enabled }) => enabled).map(({ name }) => name);
        return episode && `${episode.status} ${on?.join('+')}`;
      }),
    );
  const before = ['draft Main+Mirror', 'hidden Main+Mirror', 'published Main+Mirror'];

  const published = await act(ids, { action: 'publish' });
  expect(published).toContain('3 episodes published.');
  expect(await states()).toEqual(ids.map(() => 'published Main+Mirror'));
  await undo(published);
  expect(await states()).toEqual(before);

  const off = await act(ids, { action: 'servers-off', server: 'Mirror' });
  expect(off).toContain('3 episodes with the server Mirror switched off.');
  expect(await states()).toEqual(['draft Main', 'hidden Main', 'published Main']);
  await updateEpisode(site.catalog, tester, ids[0] ?? '', (current) => ({
    ...current,
    videoServers: current.videoServers.filter(({ name }) => name === 'Main'),
  }));
  await undo(off);
  expect((await agent.get('/admin/episodes')).text).toMatch(
    /Taken back: 2 episodes\. Episode 200 of “Mob Psycho 100”: Changed again since/,
  );
  expect(await states()).toEqual(['draft Main', 'hidden Main+Mirror', 'published Main+Mirror']);

  const deleted = await act(ids.slice(1), { action: 'delete' });
  expect(await states()).toEqual(['draft Main', undefined, undefined]);
  await undo(deleted);
  expect((await states()).slice(1)).toEqual(before.slice(1));
  await undo(await act(ids.slice(1), { action: 'hide' }));

  const none = await act([], { action: 'hide' });
  expect(none).toContain('No episode was ticked');
  expect(await act(['999999'], { action: 'delete' })).toContain('1 episode had been deleted meanwhile');
});

test('what was done leads back to the list that it was done in', async () => {
  const form = (back: string) => new URLSearchParams({ action: 'hide', back }).toString();
  const send = (back: string) =>
    agent.post('/admin/episodes/act').set('Sec-Fetch-Site', 'same-origin').type('form').send(form(back));
  await send(`/admin/episodes?seriesId=${mob}&q=a%20b`).expect(
    'Location',
    `/admin/episodes?seriesId=${mob}&q=a%20b`,
  );
  await send('//evil.example/').expect('Location', '/admin/episodes');
  await send('/admin/episodes/../../x').expect('Location', '/admin/episodes');
});
