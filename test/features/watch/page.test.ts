import request from 'supertest';
import { deleteEpisode } from '../../../src/features/episodes/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const file = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  kind: 'file',
  url: `https://video.example/${name.toLowerCase()}.mp4`,
  ...more,
});

/** A browser that keeps cookies, as far as their paths go. */
function browser() {
  const agent = request.agent(app.app);
  return async (path: string) => {
    const { text } = await agent.get(path).expect(200);
    const [, links = ''] = /data-servers>([\s\S]*?)<\/nav>/.exec(text) ?? [];
    const servers = [...links.matchAll(/<a class="server" href="([^"]*)"([\s\S]*?)<\/a>/g)].map(
      ([, href = '', rest = '']) => ({
        href,
        name: /server__name">([^<]*)/.exec(rest)?.[1] ?? '',
        selected: rest.includes('aria-current'),
        failed: !/data-server-failed hidden/.test(rest),
      }),
    );
    return {
      text,
      servers,
      playing: servers.find(({ selected }) => selected)?.name,
      failed: servers.filter(({ failed }) => failed).map(({ name }) => name),
      hrefOf: (name: string) => servers.find((server) => server.name === name)?.href ?? '',
      next: /<a class="button servers__next" href="([^"]*)"/.exec(links)?.[1]?.replaceAll('&amp;', '&'),
    };
  };
}

test('a server that was chosen plays in the other episodes of its series, and of no other', async () => {
  const videoServers = [file('Alpha'), file('Beta')];
  const chosen = await newSeries(app.catalog, { title: 'Chosen' });
  const other = await newSeries(app.catalog, { title: 'Another' });
  for (const number of [1, 2]) await newEpisode(app.catalog, chosen.id, { number, videoServers });
  await newEpisode(app.catalog, other.id, { number: 1, videoServers });
  const visit = browser();
  const first = await visit('/series/chosen/episodes/1');
  expect(first.playing).toBe('Alpha');
  expect((await visit(first.hrefOf('Beta'))).playing).toBe('Beta');
  expect((await visit('/series/chosen/episodes/2')).playing).toBe('Beta');
  expect((await visit('/series/another/episodes/1')).playing).toBe('Alpha');
  expect((await browser()('/series/chosen/episodes/2')).playing).toBe('Alpha');
});

test('leads from server to server without a script, back to none that failed, and says when all have', async () => {
  const videoServers = [file('Alpha'), file('Beta'), file('Gamma')];
  const series = await newSeries(app.catalog, { title: 'Broken' });
  await newEpisode(app.catalog, series.id, { number: 1, videoServers });
  await newEpisode(app.catalog, series.id, { number: 2, videoServers });
  const visit = browser();
  const first = await visit('/series/broken/episodes/1');
  const second = await visit(first.next ?? '');
  expect(second).toMatchObject({ playing: 'Beta', failed: ['Alpha'] });
  const third = await visit(second.next ?? '');
  expect(third).toMatchObject({ playing: 'Gamma', failed: ['Alpha', 'Beta'], next: undefined });
  expect((await visit('/series/broken/episodes/1')).playing).toBe('Gamma');
  // Another episode is another file.
  expect(await visit('/series/broken/episodes/2')).toMatchObject({ playing: 'Gamma', failed: [] });

  // Asked for once more, it is tried again.
  const again = await visit(third.hrefOf('Alpha'));
  expect(again).toMatchObject({ playing: 'Alpha', failed: ['Beta'] });
});

test('plays nothing by itself when every server has failed in this browser', async () => {
  const series = await newSeries(app.catalog, { title: 'All broken' });
  await newEpisode(app.catalog, series.id, { number: 1, videoServers: [file('Alpha'), file('Beta')] });
  const { text } = await request(app.app).get('/series/all-broken/episodes/1').expect(200);
  const keys = [...text.matchAll(/data-server="([^"]+)"/g)].map(([, key]) => key);
  const answer = await request(app.app)
    .get('/series/all-broken/episodes/1')
    .set('Cookie', `nipnime.failed=${keys.join('.')}`)
    .expect(200);
  expect(answer.text).toContain('No server of this episode played here');
  expect(answer.text).not.toContain('<video');
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(answer.headers['cache-control']).toBe('private, no-cache');
  expect(answer.headers.vary).toContain('Cookie');
});

describe('an embedded player', () => {
  const embed = (name: string, url: string, more: Record<string, unknown> = {}) => ({
    name,
    kind: 'embed',
    url,
    ...more,
  });
  const policyOf = (headers: Record<string, string>): string | undefined =>
    /frame-src [^;]*/.exec(headers['content-security-policy'] ?? '')?.[0];

  test('is in a sandbox, and its page allows the frames of its episode alone', async () => {
    const series = await newSeries(app.catalog, { title: 'Framed' });
    const videoServers = [
      embed('One', 'https://one.example/e/1'),
      embed('Again', 'https://one.example/e/2'),
      embed('Local', 'http://localhost:8080/e/1'),
      embed('Refusing', 'https://two.example/e/1', { sandboxed: false }),
      embed('Switched off', 'https://off.example/e/1', { enabled: false }),
      file('Direct'),
    ];
    await newEpisode(app.catalog, series.id, { number: 1, videoServers });
    await newEpisode(app.catalog, series.id, { number: 2, videoServers: [file('Direct')] });
    const { text, headers } = await request(app.app).get('/series/framed/episodes/1').expect(200);
    expect(policyOf(headers)).toBe('frame-src https://one.example http://localhost:8080 https://two.example');
    expect(/<iframe[^>]*sandbox="([^"]*)"/.exec(text)?.[1]).toBe(
      'allow-scripts allow-forms allow-presentation allow-same-origin',
    );
    const refusing = /href="([^"]*)"(?:(?!<\/a>)[\s\S])*Refusing/.exec(
      text.slice(text.indexOf('Local')),
    )?.[1];
    const other = await request(app.app)
      .get(refusing ?? '')
      .expect(200);
    expect(other.text).toMatch(/<iframe[^>]*two\.example/);
    expect(other.text).not.toContain('sandbox=');

    for (const path of ['/series/framed/episodes/2', '/series/framed', '/episodes/latest', '/nothing'])
      expect(policyOf((await request(app.app).get(path)).headers)).toBe("frame-src 'none'");
  });

  test('of the site itself can not take its sandbox off', async () => {
    const series = await newSeries(app.catalog, { title: 'Own frames' });
    const videoServers = [embed('Own', '/media/player.html'), embed('Same', 'http://127.0.0.1/player')];
    await newEpisode(app.catalog, series.id, { number: 1, videoServers });
    const visit = async (path: string) => request(app.app).get(path).set('Host', '127.0.0.1').expect(200);
    const first = await visit('/series/own-frames/episodes/1');
    expect(policyOf(first.headers)).toBe("frame-src 'self' http://127.0.0.1");
    const next = /servers__next" href="([^"]*)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    for (const { text } of [first, await visit(next)]) {
      expect(text).toMatch(/<iframe[^>]*sandbox="allow-scripts/);
      expect(text).not.toContain('allow-same-origin');
    }
  });
});

test('offers to skip the intro where an admin said where it is, and the video can be led', async () => {
  const series = await newSeries(app.catalog, { title: 'Intro' });
  const intro = { startSeconds: 90, endSeconds: 180 };
  const embed = { name: 'Frame', kind: 'embed', url: 'https://one.example/e/1' };
  await newEpisode(app.catalog, series.id, { number: 1, intro, videoServers: [file('Direct')] });
  await newEpisode(app.catalog, series.id, { number: 2, videoServers: [file('Direct')] });
  await newEpisode(app.catalog, series.id, { number: 3, intro, videoServers: [embed] });
  const skip = async (number: number) =>
    /<button[^>]*data-skip-intro[^>]*>/.exec(
      (await request(app.app).get(`/series/intro/episodes/${number}`)).text,
    )?.[0];
  expect(await skip(1)).toContain('data-start="90" data-end="180"');
  expect(await skip(2)).toBeUndefined();
  expect(await skip(3)).toBeUndefined();
});

test('an episode is a live list of one on its page, and of none when it is gone', async () => {
  const series = await newSeries(app.catalog, { title: 'Itself' });
  for (const number of [0, 12, 12.01]) await newEpisode(app.catalog, series.id, { number });
  const { id } = await newEpisode(app.catalog, series.id, { number: 12.5, kind: 'special' });
  const { text } = await request(app.app).get('/series/itself/specials/12.5').expect(200);
  expect(text).toContain('data-after="1-12.499" data-before="1-12.501"');
  const address = /data-fragment-url="([^"]*itself[^"]*)"/.exec(text)?.[1] ?? '';
  const alone = await request(app.app).get(address).expect(200);
  expect([...alone.text.matchAll(/data-key="(\d+)"/g)].map(([, key]) => key)).toEqual([id]);
  expect(alone.text).toMatch(/data-live-empty hidden/);
  await deleteEpisode(app.catalog, tester, id);
  const gone = await request(app.app).get(address).expect(200);
  expect(gone.text).not.toContain('data-key');
  expect(gone.text).toContain(`data-topic="series:${series.id}"`);
  expect(gone.text).not.toMatch(/data-live-empty hidden/);
  await request(app.app).get('/series/itself/episodes/12/itself?series=x').expect(404);
  await request(app.app).get('/series/itself/episodes/x/itself?series=1').expect(404);
});

test('has the episodes around it beside the player, of a long series from a little ahead on', async () => {
  const series = await newSeries(app.catalog, { title: 'Beside' });
  for (let number = 1; number <= 80; number++) await newEpisode(app.catalog, series.id, { number });
  const numbersOf = (html: string) => {
    const list = html.slice(html.indexOf('data-episode-list'));
    return [...list.matchAll(/data-position="0-([\d.]+)"/g)].map(([, number]) => Number(number));
  };
  const first = await request(app.app).get('/series/beside/episodes/1').expect(200);
  expect(numbersOf(first.text)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  const middle = await request(app.app).get('/series/beside/episodes/50').expect(200);
  expect(numbersOf(middle.text)).toEqual(Array.from({ length: 42 }, (_, index) => index + 39));
  const address = /data-fragment-url="([^"]*\/list[^"]*)"/.exec(middle.text)?.[1] ?? '';
  const alone = await request(app.app).get(address).expect(200);
  expect(numbersOf(alone.text)).toEqual(numbersOf(middle.text));
  expect(alone.text).toContain('data-after="0-38"');
  await request(app.app).get('/series/beside/episodes/50/list').expect(404);
});
