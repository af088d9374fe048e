import { createAdmin } from '../../../src/features/accounts/admin-users';
import { listEpisodes } from '../../../src/features/episodes/queries';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
let frieren: string;

beforeAll(async () => {
  site = await createTestApp({});
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
  frieren = (await newSeries(site.catalog, { title: '葬送のフリーレン', synonyms: ['Frieren'] })).id;
  for (const title of ['Dandadan', 'Two of a kind', 'Two of a kind'])
    await newSeries(site.catalog, { title });
  await newEpisode(site.catalog, frieren, {
    number: 11,
    videoServers: [
      {
        name: 'Fast',
        kind: 'embed',
        url: 'https://cdn.example/e/11',
        audioLanguage: 'ja',
        subtitleLanguage: 'en',
        sandboxed: false,
      },
    ],
  });
});
afterAll(() => site.close());

const send = (fields: Readonly<Record<string, string>>) =>
  agent
    .post('/admin/bulk')
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(
      new URLSearchParams({
        action: 'preview',
        status: 'published',
        audioLanguage: 'ja',
        ...fields,
      }).toString(),
    );

/** The rows of the preview: what they say, and whether their box is ticked. */
function rowsOf(html: string): readonly string[] {
  return [...html.matchAll(/<tr role="row" class="bulk__row.*?<\/tr>/gs)].map(([row]) => {
    const box = /<input type="checkbox"[^>]*>/.exec(row)?.[0];
    const mark = box === undefined ? '' : box.includes(' checked') ? '[x] ' : '[ ] ';
    return (
      mark +
      row
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim()
    );
  });
}

const lookedAtOf = (html: string): string => /name="lookedAt" value="([^"]*)"/.exec(html)?.[1] ?? '';

const episodesOf = async (seriesId: string) =>
  (await listEpisodes(site.database.db, { seriesId, limit: 100 })).map(
    ({ kind, number, status, videoServers }) => [
      `${kind} ${number}`,
      status,
      ...videoServers.map(({ name, kind: plays, url, subtitleLanguage, sandboxed }) =>
        [name, plays, url, subtitleLanguage, sandboxed].join(' '),
      ),
    ],
  );

test('the preview flags each conflict, and saving what is ticked leaves the rest in the list', async () => {
  const text = [
    'Frieren | 12 | https://cdn.example/e/12 | https://files.example/12.mp4',
    'Frieren 11 https://cdn.example/e/11 https://files.example/11.m3u8',
    'Frieren 12 https://cdn.example/e/12b',
    'Nobody knows this 3 https://cdn.example/e/3',
    'Two of a kind 3 https://cdn.example/e/3',
    'Dandadan 1 ftp://cdn.example/1.mp4 http://cdn.example/1.mp4',
    'Dandadan https://cdn.example/1.mp4',
    'Dandadn 4 https://cdn.example/4.mp4',
    'Frieren 11 https://cdn.example/e/11',
  ].join('\n');
  const preview = await send({ text }).expect(200);
  const rows = rowsOf(preview.text);
  expect(rows[0]).toBe(
    '[x] Episode 12 葬送のフリーレン · line 1 Fast · embed https://cdn.example/e/12 files.example · file https://files.example/12.mp4 New',
  );
  expect(rows[1]).toContain('[ ] Episode 11');
  expect(rows[1]).toContain(
    'files.example · hls https://files.example/11.m3u8 Adds It is there already, published, with 1 server',
  );
  expect(rows[1]).not.toContain('e/11 ');
  expect(rows[2]).toMatch(/Look Line 1 is the same episode\.$/);
  expect(rows[3]).toMatch(/Look No series is called “Nobody knows this”\.$/);
  expect(rows[4]).toMatch(
    /Look “Two of a kind” may be “Two of a kind” or “Two of a kind”: write it in full\.$/,
  );
  expect(rows[5]).toMatch(/Look ftp:\/\/cdn\.example\/1\.mp4: Must begin with https/);
  expect(rows[6]).toMatch(/Look Which episode it is can’t be read/);
  expect(rows[7]).toMatch(/^\[ \] Episode 4 Dandadan .* New “Dandadn” is taken for this series\.$/);
  expect(rows[8]).toMatch(/Look Line 2 is the same episode\.$/);

  const lookedAt = lookedAtOf(preview.text);
  await send({ text: `${text}\n`, action: 'save', lookedAt, 'line-1': '1' }).expect(409);
  await send({ text, action: 'save', lookedAt }).expect(422);
  await send({ text, action: 'save', lookedAt, 'line-1': '1', 'line-2': '1', 'line-4': '1' })
    .expect(303)
    .expect('Location', '/admin/bulk');
  expect(await episodesOf(frieren)).toEqual([
    [
      'regular 12',
      'published',
      'Fast embed https://cdn.example/e/12 en false',
      'files.example file https://files.example/12.mp4  true',
    ],
    [
      'regular 11',
      'published',
      'Fast embed https://cdn.example/e/11 en false',
      'files.example hls https://files.example/11.m3u8  true',
    ],
  ]);
  const rest = await agent.get('/admin/bulk').expect(200);
  expect(rest.text).toContain('2 episodes of the list were saved.');
  expect(rest.text).toContain('Dandadn 4 https://cdn.example/4.mp4');
  expect(rest.text).not.toContain('files.example/12.mp4');

  const [, undo = ''] = /action="(\/admin\/bulk\/undo[^"]*)"/.exec(rest.text) ?? [];
  await agent.post(undo.replaceAll('&#44;', ',')).set('Sec-Fetch-Site', 'same-origin').expect(303);
  expect(await episodesOf(frieren)).toEqual([
    ['regular 11', 'published', 'Fast embed https://cdn.example/e/11 en false'],
  ]);
  expect((await agent.get('/admin/episodes')).text).not.toContain('of the list were saved');
});

test('a template fills the list for a series, whose lines need no title', async () => {
  const { id } = await newSeries(site.catalog, { title: 'A whole season' });
  expect((await agent.get(`/admin/bulk?seriesId=${id}`).expect(200)).text).toContain('A whole season');
  const fields = { seriesId: id, range: '1-12', template: 'https://cdn.example/{nn}.mp4' };
  const filled = await send({ ...fields, text: '', action: 'fill' }).expect(200);
  const [, typed = ''] = /<textarea[^>]*>\n?(.*?)<\/textarea>/s.exec(filled.text) ?? [];
  const text = typed.trim();
  expect(text.split('\n')).toHaveLength(12);
  const preview = await send({ seriesId: id, status: 'draft', text }).expect(200);
  expect(rowsOf(preview.text).filter((row) => row.startsWith('[x]'))).toHaveLength(12);
  const ticked = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`line-${index + 1}`, '1']));
  const lookedAt = lookedAtOf(preview.text);
  await send({ seriesId: id, status: 'draft', text, action: 'save', lookedAt, ...ticked })
    .expect(303)
    .expect('Location', '/admin/episodes');
  const saved = await episodesOf(id);
  expect(saved).toHaveLength(12);
  expect(saved[0]).toEqual(['regular 12', 'draft', 'Fast file https://cdn.example/12.mp4  false']);
});

test('says at the field what is wrong with the form', async () => {
  expect((await send({ text: ' ' }).expect(422)).text).toContain('Paste at least one line.');
  const many = Array.from(
    { length: 201 },
    (_, index) => `Dandadan ${index + 1} https://a.example/1.mp4`,
  ).join('\n');
  expect((await send({ text: many }).expect(422)).text).toContain('at most 200 episodes; it has 201');
  expect((await send({ text: 'x', audioLanguage: 'japanese!' }).expect(422)).text).toContain(
    'field-audioLanguage-error',
  );
  expect((await send({ text: '', action: 'fill', range: '5-1' }).expect(422)).text).toContain(
    'Must be two numbers',
  );
  await agent.post('/admin/bulk/undo?undo=x').set('Sec-Fetch-Site', 'same-origin').expect(400);
  await newBrowser(site).get('/admin/bulk').expect(303);
});

test('a server at a host that only other series use is called and played as the last one there, in the languages of the list', async () => {
  const series = await newSeries(site.catalog, { title: 'Ranking of Kings' });
  const text = 'Ranking of Kings 5 https://cdn.example/e/ranking-5';
  const languages = { audioLanguage: 'en', subtitleLanguage: 'fr' };
  const preview = await send({ text, ...languages }).expect(200);
  const lookedAt = lookedAtOf(preview.text);
  await send({ text, ...languages, action: 'save', lookedAt, 'line-1': '1' }).expect(303);
  expect(await episodesOf(series.id)).toEqual([
    ['regular 5', 'published', 'Fast embed https://cdn.example/e/ranking-5 fr false'],
  ]);
});
