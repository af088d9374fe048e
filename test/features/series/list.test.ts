import { createAdmin } from '../../../src/features/accounts/admin-users';
import { SERIES_ORDERS } from '../../../src/features/series/list-repository';
import { findSeries } from '../../../src/features/series/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
const ids: string[] = [];

beforeAll(async () => {
  site = await createTestApp({});
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
  const titles = ['葬送のフリーレン', ...Array.from({ length: 111 }, (_, index) => `Show ${index + 2}`)];
  for (const [index, title] of titles.entries()) {
    const series = await newSeries(site.catalog, {
      title,
      slug: `show-${index + 1}`,
      kind: index % 2 === 0 ? 'tv' : 'movie',
      visible: index % 10 !== 0,
      season: index % 3 === 0 ? 'fall' : null,
      seasonYear: index % 3 === 0 ? 2000 + index : null,
      ...(index === 0 && { synonyms: ['Frieren'] }),
    });
    ids.push(series.id);
  }
  for (const number of [1, 2, 3]) await newEpisode(site.catalog, ids[4] ?? '', { number });
  await newEpisode(site.catalog, ids[7] ?? '', { number: 1 });
  await newEpisode(site.catalog, ids[8] ?? '', { number: 1, status: 'draft' });
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
  const rows = [...text.matchAll(/<th class="admin-table__main".*?<\/tr>/gs)].map(([row]) => plain(row));
  const link = (rel: string) => attribute(new RegExp(`href="([^"]*)" rel="${rel}"`).exec(text)?.[1] ?? '');
  const tabs = [...text.matchAll(/class="admin-tabs__tab".*?<\/a>/gs)].map(([tab]) =>
    plain(tab.slice(tab.indexOf('>') + 1)),
  );
  return { text, rows, next: link('next'), previous: link('prev'), tabs };
}

test.each(SERIES_ORDERS.flatMap((order) => [`order=${order}`, `order=${order}&reversed=1`]))(
  'pages of %s follow each other, forwards and backwards, and hold each series once',
  async (query) => {
    const start = await list(`/admin/series?${query}`);
    expect(start.previous).toBe('');
    const second = await list(start.next);
    const third = await list(second.next);
    expect(third.next).toBe('');
    const all = [...start.rows, ...second.rows, ...third.rows];
    expect([all.length, new Set(all).size]).toEqual([112, 112]);
    const back = await list(third.previous);
    expect(back.rows).toEqual(second.rows);
    expect((await list(back.previous)).rows).toEqual(start.rows);
  },
);

test('is sorted by what its episodes say, too', async () => {
  const first = async (query: string) => (await list(`/admin/series?${query}`)).rows[0];
  expect(await first('order=episodes')).toMatch(/^Show 5 TV .*\b3\b/);
  expect(await first('order=posted')).toMatch(/^Show 8 /);
  expect(await first('order=season')).toMatch(/^Show 112 .*Fall 2111/);
  expect(await first('order=title&reversed=1')).toMatch(/^葬送のフリーレン/);
});

test('is searched by any title in any script, the likest first, and filtered by kind and by what is on the site', async () => {
  const titles = async (query: string) =>
    (await list(`/admin/series?${query}`)).rows.map((row) => row.slice(0, 7));
  expect(await titles(`search=${encodeURIComponent('ふりーれん')}`)).toEqual([
    '葬送のフリーレン'.slice(0, 7),
  ]);
  expect((await titles('search=show+77'))[0]).toBe('Show 77');
  expect((await list('/admin/series?search=wuthering')).text).toContain('No series matches “wuthering”');
  expect(await list('/admin/series?kind=movie')).toMatchObject({
    tabs: ['All 56', 'On the site 56', 'Hidden 0'],
  });
  const hidden = await list('/admin/series?shown=no');
  expect(hidden.tabs).toEqual(['All 112', 'On the site 100', 'Hidden 12']);
  expect(hidden.rows).toHaveLength(12);
});

test.each([
  'order=x',
  'after=1',
  'order=posted&after=yesterday~1',
  'order=season&before=x~1',
  'kind=x',
  'shown=x',
])('refuses %s', async (query) => {
  await agent.get(`/admin/series?${query}`).expect(400);
});

test('what is ticked is hidden and shown, and one undo takes that back', async () => {
  const [a = '', b = '', hidden = ''] = [ids[1], ids[2], ids[10]];
  const states = async () =>
    Promise.all([a, b, hidden].map(async (id) => (await findSeries(site.database.db, id))?.visible));
  const send = (path: string, form: Readonly<Record<string, string>> = {}) =>
    agent
      .post(path)
      .set('Sec-Fetch-Site', 'same-origin')
      .type('form')
      .send(new URLSearchParams(form).toString());
  const ticked = Object.fromEntries([a, b, hidden].map((id) => [`series-${id}`, '1']));

  await send('/admin/series/act', { ...ticked, action: 'hide', back: '/admin/series?kind=tv' }).expect(
    'Location',
    '/admin/series?kind=tv',
  );
  expect(await states()).toEqual([false, false, false]);
  const { text } = await agent.get('/admin/series');
  expect(text).toContain('3 series hidden.');
  await send(attribute(/action="(\/admin\/series\/undo[^"]*)"/.exec(text)?.[1] ?? '')).expect(303);
  expect(await states()).toEqual([true, true, false]);
  expect((await agent.get('/admin/series')).text).toContain('Taken back: 2 series.');

  await send('/admin/series/act', { action: 'show' }).expect(303);
  expect((await agent.get('/admin/series')).text).toContain('No series was ticked');
  await send('/admin/series/act', { ...ticked, action: 'burn' }).expect(400);
});
