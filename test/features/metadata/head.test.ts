import request from 'supertest';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries } from '../../support/catalog';

const SITE = 'https://anime.example';
const NASTY = `</script><script>alert(1)</script> <!-- "it's" & 葬送`;

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp({ SITE_URL: SITE });
});
afterAll(() => app.close());

type Head = {
  readonly meta: ReadonlyMap<string, string>;
  readonly canonical: string | undefined;
  readonly graph: readonly Readonly<Record<string, unknown>>[];
};

async function headOf(path: string, from = app): Promise<Head> {
  const { text } = await request(from.app).get(path).expect(200);
  const [head = ''] = text.split('</head>');
  const readHtml = (value: string): string =>
    value
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&#34;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&');
  const meta = [...head.matchAll(/<meta (?:name|property)="([^"]+)" content="([^"]*)"/g)];
  const data = /<script type="application\/ld\+json">([^<]*)<\/script>/.exec(head)?.[1];
  return {
    meta: new Map(meta.map(([, name = '', content = '']) => [name, readHtml(content)])),
    canonical: /<link rel="canonical" href="([^"]*)"/.exec(head)?.[1],
    graph: data === undefined ? [] : JSON.parse(data)['@graph'],
  };
}

test('a series is a TVSeries with a description, one address and a picture', async () => {
  await newSeries(app.catalog, {
    title: NASTY,
    titleNative: '葬送のフリーレン',
    slug: 'frieren',
    kind: 'tv',
    synopsis: `${'A long way. '.repeat(30)}${NASTY}`,
  });
  const { meta, canonical, graph } = await headOf('/series/frieren?before=end');
  expect(canonical).toBe(`${SITE}/series/frieren`);
  expect(meta.get('description')).toMatch(/^A long way\. .* …$/);
  expect(meta.get('description')?.length).toBeLessThanOrEqual(202);
  expect(meta.get('og:title')).toBe(NASTY);
  expect(meta.get('og:type')).toBe('video.tv_show');
  expect(meta.get('og:image')).toMatch(/^https:\/\/anime\.example\/art\/1\/previews\/[0-9a-f]{12}\.png$/);
  expect(graph).toEqual([
    expect.objectContaining({
      '@type': 'TVSeries',
      url: `${SITE}/series/frieren`,
      name: NASTY,
      alternateName: ['葬送のフリーレン'],
    }),
    expect.objectContaining({ '@type': 'BreadcrumbList' }),
  ]);
});

test('an episode is a TVEpisode of its series', async () => {
  const series = await newSeries(app.catalog, { title: 'Weekly', slug: 'weekly', kind: 'tv' });
  await newEpisode(app.catalog, series.id, { number: 12.5, title: NASTY, durationSeconds: 1_440 });
  const { meta, canonical, graph } = await headOf('/series/weekly/episodes/12.5?server=1');
  expect(canonical).toBe(`${SITE}/series/weekly/episodes/12.5`);
  expect(meta.get('description')).toContain('Watch Episode 12.5 of Weekly');
  expect(graph).toEqual([
    expect.objectContaining({
      '@type': 'TVEpisode',
      name: NASTY,
      episodeNumber: 12.5,
      duration: 'PT1440S',
      partOfSeries: expect.objectContaining({ '@type': 'TVSeries', url: `${SITE}/series/weekly` }),
    }),
    {
      '@type': 'BreadcrumbList',
      itemListElement: [
        { '@type': 'ListItem', position: 1, name: 'Series', item: `${SITE}/series` },
        { '@type': 'ListItem', position: 2, name: 'Weekly', item: `${SITE}/series/weekly` },
        {
          '@type': 'ListItem',
          position: 3,
          name: 'Episode 12.5',
          item: `${SITE}/series/weekly/episodes/12.5`,
        },
      ],
    },
  ]);
});

test('a movie is a Movie on both of its pages', async () => {
  const movie = await newSeries(app.catalog, { title: 'Alone', slug: 'alone', kind: 'movie' });
  await newEpisode(app.catalog, movie.id);
  for (const path of ['/series/alone', '/series/alone/episodes/1']) {
    const { meta, graph } = await headOf(path);
    expect(meta.get('og:type')).toBe('video.movie');
    expect(graph[0]).toMatchObject({ '@type': 'Movie', name: 'Alone' });
  }
});

test.each(['/episodes/latest?type=tv', '/schedule', '/about', '/series'])('%s is described', async (path) => {
  const { meta, canonical, graph } = await headOf(path);
  expect(canonical).toBe(`${SITE}${path}`);
  expect(meta.get('description')).toMatch(/^.{40,200}$/);
  expect(graph).toEqual([{ '@type': 'WebSite', name: 'nipnime', url: `${SITE}/` }]);
});

test('without a fixed address a page that is kept for everybody names no host, and others name the one they were asked at', async () => {
  const other = await createTestApp();
  try {
    const latest = await headOf('/episodes/latest', other);
    expect(latest).toMatchObject({ canonical: '/episodes/latest', graph: [] });
    expect(latest.meta.has('og:image')).toBe(false);
    const { text } = await request(other.app).get('/about').set('Host', 'a.example:81').expect(200);
    expect(text).toContain('<meta property="og:url" content="http://a.example:81/about">');
  } finally {
    await other.close();
  }
});
