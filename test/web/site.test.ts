import request from 'supertest';
import { seriesSchema } from '../../src/features/series/fields';
import { updateSeries } from '../../src/features/series/repository';
import { createTestApp, type TestApp } from '../support/app';
import { newEpisode, newSeries, playable, tester } from '../support/catalog';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const get = (path: string) => request(app.app).get(path);
const episodeIds = (html: string): string[] =>
  [...html.matchAll(/data-key="(\d+)"/g)].map(([, id]) => id ?? '');

test('says so when there is nothing yet', async () => {
  const { text } = await get('/episodes/latest').expect(200);
  expect(episodeIds(text)).toEqual([]);
  expect(text).toMatch(/No episodes/);
});

test('the front page leads to the latest episodes', async () => {
  await get('/').expect(302).expect('Location', '/episodes/latest');
});

test('pages of the grid follow each other without a gap or a double, whatever was published when', async () => {
  const created: string[] = [];
  // Of each series too few for them to be shown as one.
  for (let count = 1; count <= 20; count++) {
    const series = await newSeries(app.catalog, {
      title: `Paged ${count}`,
      seasonYear: 2026,
      season: 'fall',
    });
    for (let number = 1; number <= 3; number++)
      created.push((await newEpisode(app.catalog, series.id, { number })).id);
  }
  // Many at the same moment: the id has to decide.
  await app.database
    .db('episodes')
    .whereIn('id', created.slice(0, 50))
    .update({ published_at: '2026-01-01T00:00:00.123Z' });
  const seen: string[] = [];
  let path: string | undefined = '/episodes/latest';
  while (path !== undefined) {
    const { text }: { text: string } = await get(path).expect(200);
    seen.push(...episodeIds(text));
    path = /href="(\/episodes\/latest\?[^"]*)" rel="next"/.exec(text)?.[1]?.replace(/&amp;/g, '&');
  }
  expect(seen).toHaveLength(60);
  expect(new Set(seen)).toEqual(new Set(created));
});

test('filters by type and season', async () => {
  const movie = await newSeries(app.catalog, {
    title: 'Filtered',
    kind: 'movie',
    seasonYear: 2025,
    season: 'spring',
  });
  const { id } = await newEpisode(app.catalog, movie.id);
  expect(episodeIds((await get('/episodes/latest?type=movie').expect(200)).text)).toEqual([id]);
  expect(episodeIds((await get('/episodes/latest?season=2025-spring').expect(200)).text)).toEqual([id]);
  expect(episodeIds((await get('/episodes/latest?type=movie&season=2026-fall').expect(200)).text)).toEqual(
    [],
  );
  expect(episodeIds((await get('/episodes/latest/grid?type=movie').expect(200)).text)).toEqual([id]);
});

test.each(['?type=opera', '?season=2026', '?season=2026-autumn', '?before=yesterday'])(
  'says what is wrong with the address %s',
  async (query) => {
    const { text } = await get(`/episodes/latest${query}`).expect(400);
    expect(text).toContain('<!doctype html>');
  },
);

test('page and fragment are of one template', async () => {
  const page = (await get('/episodes/latest').expect(200)).text;
  const fragment = (await get('/episodes/latest/grid').expect(200)).text;
  const card = /<article[\s\S]*?<\/article>/;
  expect(card.exec(fragment)?.[0].replace(/\s+/g, ' ')).toBe(card.exec(page)?.[0].replace(/\s+/g, ' '));
});

test('names the day in Japan on which a film came out, and of a broadcast the moment, whose day is the visitor’s', async () => {
  const dated = async (title: string, kind: string, begins: string, ends: string | null) => {
    const { id, slug } = await newSeries(app.catalog, { title, kind });
    await app.catalog.db('series').where({ id }).update({ begins_at: begins, ends_at: ends });
    const { text } = await get(`/series/${slug}`).expect(200);
    const facts = text.slice(text.indexOf('<dl'), text.indexOf('</dl>'));
    return facts
      .replace(/<(?!time|\/time)[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  };
  expect(await dated('Film', 'movie', '2025-03-06T16:00:00Z', '2025-03-06T18:00:00Z')).toBe(
    'On <time datetime="2025-03-07">7 Mar 2025</time>',
  );
  expect(await dated('Film that is out', 'movie', '2025-03-06T16:00:00Z', null)).toBe(
    'On <time datetime="2025-03-07">7 Mar 2025</time>',
  );
  expect(await dated('Late', 'tv', '2025-03-06T16:30:00Z', '2025-06-19T16:30:00Z')).toBe(
    'From <time datetime="2025-03-06T16:30:00.000Z" data-local-day>6 Mar 2025</time> To <time datetime="2025-06-19T16:30:00.000Z" data-local-day>19 Jun 2025</time>',
  );
  expect(await dated('Open', 'tv', '2025-03-06T23:30:00Z', null)).toBe(
    'From <time datetime="2025-03-06T23:30:00.000Z" data-local-day>6 Mar 2025</time>',
  );
});

test('shows a series and what can be watched of it, with titles in their language', async () => {
  const series = await newSeries(app.catalog, {
    title: 'Frieren <3',
    titleNative: '葬送のフリーレン',
    synopsis: 'An elf & her friends',
  });
  await newEpisode(app.catalog, series.id, { number: '1' });
  await newEpisode(app.catalog, series.id, { number: '2', status: 'draft', title: 'Secret draft' });
  const { text } = await get(`/series/${series.slug}`).expect(200);
  expect(text).toContain('Frieren &lt;3');
  expect(text).toMatch(/lang="ja"[^>]*>\s*葬送のフリーレン/);
  expect(text).toContain('An elf &amp; her friends');
  expect(text).not.toContain('Secret draft');
  await get(`/series/${series.slug}/episodes/2`).expect(404);

  await updateSeries(
    app.catalog,
    tester,
    series.id,
    seriesSchema.parse({ title: 'Frieren', visible: false }),
    1,
  );
  await get(`/series/${series.slug}`).expect(404);
  await get(`/series/${series.slug}/episodes/1`).expect(404);
});

test('plays the chosen video server, and links the neighbours', async () => {
  const series = await newSeries(app.catalog, { title: 'Watched' });
  for (const number of ['1', '1.5', '3']) {
    await newEpisode(app.catalog, series.id, {
      number,
      videoServers: [
        playable,
        { name: 'Second', kind: 'embed', url: 'https://player.example/embed/1' },
        { name: 'Switched off', kind: 'file', url: 'https://video.example/off.mp4', enabled: false },
      ],
    });
  }
  const { text } = await get('/series/watched/episodes/1.5').expect(200);
  expect(text).toContain('https://video.example/1.mp4');
  expect(text).not.toContain('off.mp4');
  expect(text).toContain('href="/series/watched/episodes/1"');
  expect(text).toContain('href="/series/watched/episodes/3"');
  const second = /href="([^"]*\?server=\d+)"[^>]*>(?:(?!<\/a>)[\s\S])*Second/.exec(text)?.[1] ?? '';
  expect((await get(second).expect(200)).text).toMatch(/<iframe[^>]*https:\/\/player\.example\/embed\/1/);
  for (const number of ['1.50', '1,5', '１．５', '01.5']) {
    await get(`/series/watched/episodes/${encodeURIComponent(number)}`)
      .expect(301)
      .expect('Location', '/series/watched/episodes/1.5');
  }
});

test('an unknown path is a page, with a request id and without a stack trace', async () => {
  for (const path of ['/nothing', '/series/nothing', '/series/watched/episodes/x', '/assets/nothing.js']) {
    const { text, headers } = await get(path).expect(404);
    expect(text).toContain('<!doctype html>');
    expect(text).toContain(headers['x-request-id']);
    expect(text).not.toMatch(/at .*\.[jt]s:\d+/);
  }
});

test('allows no inline script or style', async () => {
  const { headers, text } = await get('/episodes/latest');
  expect(headers['content-security-policy']).toContain("script-src 'self'");
  expect(headers['content-security-policy']).not.toContain('unsafe');
  expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i);
});
