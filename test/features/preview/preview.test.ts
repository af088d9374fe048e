import request from 'supertest';
import { createAdmin } from '../../../src/features/accounts/admin-users';
import { deleteEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { PreviewLinks } from '../../../src/features/preview/link';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
let seriesId: string;

beforeAll(async () => {
  site = await createTestApp({});
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
  seriesId = (await newSeries(site.catalog, { title: 'Secret', visible: false })).id;
});
afterAll(() => site.close());

async function linkTo(id: string): Promise<string> {
  const { headers } = await agent.get(`/admin/episodes/${id}/preview`).expect(303);
  return String(headers.location);
}

test.each(['draft', 'scheduled', 'hidden'])(
  'whoever has the link sees an episode that is %s, and nobody else does',
  async (status) => {
    const { id } = await newEpisode(site.catalog, seriesId, {
      number: status.length,
      status,
      title: 'Not to be <told>',
      publishAt: status === 'scheduled' ? new Date(Date.now() + 3_600_000).toISOString() : null,
      videoServers: [
        { name: 'Player', kind: 'embed', url: 'https://player.example/e/1' },
        { name: 'File', kind: 'file', url: 'https://file.example/1.mp4' },
      ],
    });
    const link = await linkTo(id);
    const { text, headers } = await request(site.app).get(link).expect(200);
    expect(text).toContain('This episode is not public.');
    expect(text).toContain('Not to be &lt;told&gt;');
    expect(text).toContain('src="https://player.example/e/1"');
    expect(text).not.toContain('/report"');
    expect(headers['content-security-policy']).toContain('frame-src https://player.example');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-robots-tag']).toBe('noindex');
    // Its other servers are links to the same preview.
    const [, other = ''] =
      /href="([^"]*server=[^"]*)" rel="nofollow" data-server="[^"]*"><span class="server__name">File/.exec(
        text,
      ) ?? [];
    expect((await request(site.app).get(other.replaceAll('&amp;', '&')).expect(200)).text).toContain(
      'src="https://file.example/1.mp4"',
    );
    await request(site.app).get(link.slice(0, -1)).expect(404);
    await request(site.app)
      .get(link.replace(`key=${id}`, 'key=9'))
      .expect(404);
    await request(site.app).get('/preview').expect(404);
    await newBrowser(site).get(`/admin/episodes/${id}/preview`).expect(303).expect('Location', /login/);
    await deleteEpisode(site.catalog, tester, id);
    await request(site.app).get(link).expect(404);
  },
);

test('leads to the page of an episode that is public by now', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Open' });
  const episode = await newEpisode(site.catalog, id, { number: 1, status: 'draft' });
  const link = await linkTo(episode.id);
  await updateEpisode(site.catalog, tester, episode.id, (current) => ({
    ...current,
    videoServers: [...current.videoServers],
    status: 'published',
  }));
  await request(site.app).get(link).expect(302).expect('Location', '/series/open/episodes/1');
});

test('a link is good for 48 hours, on every node that has the secret', () => {
  const key = new PreviewLinks('a secret of all nodes').of('44', 0).replace('/preview?key=', '');
  const other = new PreviewLinks('a secret of all nodes');
  expect(other.open(key, 48 * 3_600_000 - 1)).toEqual({ episodeId: '44', until: new Date(48 * 3_600_000) });
  expect(other.open(key, 48 * 3_600_000)).toBeUndefined();
  expect(new PreviewLinks('another secret').open(key, 0)).toBeUndefined();
  for (const wrong of [undefined, '', '44', `${key}.x`, ['a', 'b']])
    expect(other.open(wrong, 0)).toBeUndefined();
});
