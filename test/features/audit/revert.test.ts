import { createAdmin } from '../../../src/features/accounts/admin-users';
import { findEpisode } from '../../../src/features/episodes/queries';
import { deleteEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { SERIES_FIELDS } from '../../../src/features/series/fields';
import { findSeries, updateSeries } from '../../../src/features/series/repository';
import { listJournal } from '../../../src/journal/journal';
import { pick } from '../../../src/web/fields';
import { createTestApp, type TestApp } from '../../support/app';
import { episodeInput, newEpisode, newSeries, tester } from '../../support/catalog';
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

const lastActs = async (subjectKind: string, subjectId: string, limit = 1) =>
  listJournal(site.database.db, { subjectKind, subjectId, limit });

/** Takes the last act on it back, or one before; returns what the page says then. */
async function takeBack(subjectKind: string, subjectId: string, before = 0): Promise<string> {
  const acts = await lastActs(subjectKind, subjectId, before + 1);
  const history = `/admin/journal?subject=${subjectKind}:${subjectId}`;
  const url = `/admin/journal/${acts[before]?.id}/revert`;
  expect((await agent.get(history).expect(200)).text).toContain(`action="${url}"`);
  await agent
    .post(url)
    .set('Sec-Fetch-Site', 'same-origin')
    .expect(303)
    .expect('Location', history.replace(':', '%3A'));
  const { text } = await agent.get(history).expect(200);
  return (/admin-notice__text">(.*?)<\/p>/s.exec(text)?.[1] ?? '').replace(/&#(\d+);/g, (_, code) =>
    String.fromCharCode(Number(code)),
  );
}

const edit = (id: string, overrides: Record<string, unknown>) =>
  updateEpisode(site.catalog, tester, id, (current) => ({
    ...episodeInput({}),
    ...current,
    videoServers: [...current.videoServers],
    ...overrides,
  }));

test('an edit is taken back field by field, and what was changed since stays', async () => {
  const { id } = await newEpisode(site.catalog, seriesId, { number: 1, title: 'First', durationSeconds: 60 });
  await edit(id, { title: 'Second', durationSeconds: 120, videoServers: [] });
  await edit(id, { synopsis: 'Written since.' });
  expect(await takeBack('episode', id, 1)).toBe('Taken back: what was done to Episode 1 of “Frieren”.');
  const episode = await findEpisode(site.database.db, id);
  expect(episode).toMatchObject({ title: 'First', durationSeconds: 60, synopsis: 'Written since.' });
  expect(episode?.videoServers).toMatchObject([{ name: 'Main', url: 'https://video.example/1.mp4' }]);
  const [act] = await lastActs('episode', id);
  expect(act).toMatchObject({ action: 'episode.update', actor: { name: ADA.email }, via: 'form' });
  // Which is an act like any other.
  await takeBack('episode', id);
  expect(await findEpisode(site.database.db, id)).toMatchObject({ title: 'Second', videoServers: [] });
});

test('what was changed again is not taken back, and nothing else of the act either', async () => {
  const { id } = await newEpisode(site.catalog, seriesId, { number: 2, title: 'First' });
  await edit(id, { title: 'Second', durationSeconds: 120 });
  await edit(id, { title: 'Third' });
  expect(await takeBack('episode', id, 1)).toBe(
    'Nothing was changed in Episode 2 of “Frieren”. Changed again since: Title.',
  );
  expect(await findEpisode(site.database.db, id)).toMatchObject({ title: 'Third', durationSeconds: 120 });
});

test('what was made goes into the trash, and what was deleted comes back', async () => {
  const { id } = await newEpisode(site.catalog, seriesId, { number: 3 });
  await takeBack('episode', id);
  expect(await findEpisode(site.database.db, id)).toBeUndefined();
  await takeBack('episode', id);
  expect(await findEpisode(site.database.db, id)).toMatchObject({ number: '3' });
  await deleteEpisode(site.catalog, tester, id);
  await newEpisode(site.catalog, seriesId, { number: 3 });
  expect(await takeBack('episode', id)).toContain('Its number was given to another episode');
});

test('a series is what it was before, with the address that it had', async () => {
  const series = await newSeries(site.catalog, { title: 'Dandadan', synonyms: ['DDD'] });
  await updateSeries(site.catalog, tester, series.id, (current) => ({
    ...pick(SERIES_FIELDS, current),
    title: 'Dan Da Dan',
    slug: 'dan-da-dan',
    synonyms: [],
  }));
  await takeBack('series', series.id);
  expect(await findSeries(site.database.db, series.id)).toMatchObject({
    title: 'Dandadan',
    slug: 'dandadan',
    synonyms: ['DDD'],
  });
});

test('offers nothing for acts that can not be taken back', async () => {
  const [login] = await listJournal(site.database.db, { action: 'login.success', limit: 1 });
  expect((await agent.get('/admin/journal?action=login.success')).text).not.toContain('/revert"');
  for (const id of [login?.id, '999999999', 'x'])
    await agent.post(`/admin/journal/${id}/revert`).set('Sec-Fetch-Site', 'same-origin').expect(404);
});

test('what stands in the journal stays as it is, whoever is connected; refusals are forgotten in time', async () => {
  const { db } = site.database;
  const [entry] = await listJournal(db, { action: 'episode.create', limit: 1 });
  const ofEntry = () => db('journal').where({ id: entry?.id });
  await expect(ofEntry().update({ actor_name: 'nobody' })).rejects.toThrow(/append-only/);
  await expect(ofEntry().delete()).rejects.toThrow(/append-only/);
  await db('journal').insert({
    actor_kind: 'anonymous',
    actor_name: '',
    action: 'login.refused',
    subject_kind: 'admin',
  });
  expect(await db('journal').where({ action: 'login.refused' }).delete()).toBe(1);
});
