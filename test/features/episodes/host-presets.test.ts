import { createAdmin } from '../../../src/features/accounts/admin-users';
import { presetFor } from '../../../src/features/episodes/browser/host-preset';
import { episodeFormFromBody } from '../../../src/features/episodes/form';
import { findHostPresets } from '../../../src/features/episodes/host-presets';
import { deleteEpisode } from '../../../src/features/episodes/repository';
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
  seriesId = (await newSeries(site.catalog, { title: 'Frieren' })).id;
});
afterAll(() => site.close());

let number = 0;
const post = (...videoServers: readonly Record<string, unknown>[]) =>
  newEpisode(site.catalog, seriesId, { number: ++number, videoServers });
const presets = () => findHostPresets(site.database.db);

test('a new server is given what the last one at its host was, but for what is of one episode', async () => {
  await post({ name: 'Old', kind: 'embed', url: 'https://cdn.example/e/1', audioLanguage: 'en' });
  await post({
    name: 'Fast',
    kind: 'embed',
    url: 'https://www.CDN.example:8443/2.mp4',
    audioLanguage: 'ja',
    subtitleLanguage: 'de',
    sandboxed: false,
    enabled: false,
  });
  const known = await presets();
  expect(presetFor(known, 'https://cdn.example/e/9')).toEqual({
    name: 'Fast',
    // Not what its address tells: somebody has chosen it.
    kind: 'embed',
    audioLanguage: 'ja',
    subtitleLanguage: 'de',
    sandboxed: '',
  });
  expect(presetFor(known, '<iframe src="//cdn.example/e/9"></iframe>')?.name).toBe('Fast');
  expect(presetFor(known, 'https://a.cdn.example/e/9')).toBeUndefined();
});

test('the kind is left to the address where it was what that told', async () => {
  await post({ name: 'Files', kind: 'file', url: 'https://files.example/1.mp4' });
  expect(presetFor(await presets(), 'https://files.example/1.m3u8')).toMatchObject({
    name: 'Files',
    kind: '',
  });
});

test('of several at a host the first one of the last episode counts, and none of a deleted episode', async () => {
  await post(
    { name: 'Subtitled', kind: 'embed', url: 'https://twice.example/1' },
    { name: 'Dubbed', kind: 'embed', url: 'https://twice.example/2' },
  );
  const { id } = await post({ name: 'Wrong', kind: 'embed', url: 'https://twice.example/3' });
  expect(presetFor(await presets(), 'https://twice.example/9')?.name).toBe('Wrong');
  await deleteEpisode(site.catalog, tester, id);
  expect(presetFor(await presets(), 'https://twice.example/9')?.name).toBe('Subtitled');
});

test('files of the site itself have no host', async () => {
  await post({ name: 'Own', kind: 'file', url: '/media/1.mp4' });
  const known = await presets();
  expect(presetFor(known, '/media/2.mp4')).toBeUndefined();
  expect([...known.values()].map(({ name }) => name)).not.toContain('Own');
});

test('what was typed in a row stays when an address is pasted for it', async () => {
  await post({ name: 'Typed', kind: 'hls', url: 'https://typed.example/live', audioLanguage: 'en' });
  const known = await presets();
  const rowOf = (row: Readonly<Record<string, string>>) =>
    episodeFormFromBody(
      {
        videoServers: [{ id: '', name: '', url: '', sandboxed: '1', enabled: '1', ...row }],
        pasted: 'https://typed.example/2',
      },
      known,
    ).videoServers[0];
  expect(rowOf({ audioLanguage: 'ja' })).toMatchObject({ name: 'Typed', kind: 'hls', audioLanguage: 'en' });
  expect(rowOf({ audioLanguage: 'fr' })).toMatchObject({ name: 'Typed', audioLanguage: 'fr' });
  expect(rowOf({ audioLanguage: 'ja', kind: 'embed' })).toMatchObject({ kind: 'embed', audioLanguage: 'en' });
  const named = { name: 'Mirror', audioLanguage: 'ja' };
  expect(rowOf(named)).toMatchObject({ ...named, kind: 'embed', url: 'https://typed.example/2' });
});

test('without JavaScript, servers of pasted addresses are filled in, and it is said beside them', async () => {
  await post({ name: 'Premium', kind: 'embed', url: 'https://paste.example/1', subtitleLanguage: 'pt-BR' });
  const { text } = await agent
    .post(`/admin/series/${seriesId}/episodes`)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send({
      number: '99',
      kind: 'regular',
      status: 'published',
      action: 'add-pasted',
      pasted: 'https://paste.example/2\nhttps://unheard-of.example/2',
    })
    .expect(200);
  const fieldText = (name: string) =>
    new RegExp(`name="${name.replace(/[[\]]/g, '\\$&')}"[^>]*value="([^"]*)"`).exec(text)?.[1];
  expect(fieldText('videoServers[0][name]')).toBe('Premium');
  expect(fieldText('videoServers[0][subtitleLanguage]')).toBe('pt-BR');
  expect(fieldText('videoServers[1][name]')).toBe('unheard-of.example');
  expect(text.match(/Filled in as the last server of [^<]*/g)).toEqual([
    'Filled in as the last server of paste.example.',
  ]);
});
