import { createAdmin } from '../../../src/features/accounts/admin-users';
import { deleteEpisode, restoreEpisode } from '../../../src/features/episodes/repository';
import { listTrash, purgeTrash } from '../../../src/features/episodes/trash-repository';
import { markEpisodes, takeBackEpisodes } from '../../../src/features/transfer/import-rows';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const admin = { email: 'ada@example.org', password: 'correct horse battery' };

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, admin.email, admin.password);
});
afterAll(() => site.close());

async function loggedIn(): Promise<Agent> {
  const browser = newBrowser(site);
  await sendLogin(browser, admin).expect(303);
  return browser;
}

function post(browser: Agent, address: string, fields: Readonly<Record<string, string>> = {}) {
  return browser
    .post(address)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(new URLSearchParams(fields).toString());
}

async function deleted(seriesId: string, number: string): Promise<string> {
  const { id } = await newEpisode(site.catalog, seriesId, { number });
  await deleteEpisode(site.catalog, tester, id);
  return id;
}

async function age(id: string, days: number): Promise<void> {
  const { db } = site.database;
  await db('episodes')
    .where({ id })
    .update({ deleted_at: db.raw("now() - ? * interval '1 day'", [days]) });
}

test('Undo stands on every page until it is dismissed or pressed', async () => {
  const browser = await loggedIn();
  const { id: seriesId } = await newSeries(site.catalog, { title: 'Undone' });
  const { id } = await newEpisode(site.catalog, seriesId);
  const undo = `action="/admin/episodes/${id}/restore"`;
  await post(browser, `/admin/episodes/${id}/delete`).expect(303);
  for (const page of ['/admin/episodes', '/admin/episodes', '/admin/series?search=a%26b']) {
    const { text } = await browser.get(page).expect(200);
    expect(text).toContain('Episode 1 of “Undone” was deleted.');
    expect(text).toContain(undo);
  }
  const dismissed = await post(browser, '/admin/notice/dismiss', {
    undo: `/admin/episodes/${id}/restore`,
    back: '/admin/series?search=a%26b',
  });
  expect([dismissed.status, dismissed.headers.location]).toEqual([303, '/admin/series?search=a%26b']);
  expect((await browser.get('/admin/series')).text).not.toContain(undo);
  const elsewhere = await post(browser, '/admin/notice/dismiss', { back: '//evil.example' });
  expect(elsewhere.headers.location).toBe('/admin');

  // Brought back from the trash, it is offered no more either.
  const { id: other } = await newEpisode(site.catalog, seriesId, { number: '2' });
  await post(browser, `/admin/episodes/${other}/delete`).expect(303);
  await post(browser, `/admin/episodes/${other}/restore`).expect(303);
  const { text } = await browser.get('/admin/episodes');
  expect(text).toContain('Episode 2 of “Undone” is back.');
  expect(text).not.toContain('was deleted');
});

test('the trash lists what was deleted, by whom, and brings it back for 30 days', async () => {
  const browser = await loggedIn();
  const { id: seriesId } = await newSeries(site.catalog, { title: 'Listed' });
  const { id } = await newEpisode(site.catalog, seriesId, { number: '7', title: 'Seventh' });
  await post(browser, `/admin/episodes/${id}/delete`);
  const old = await deleted(seriesId, '8');
  await age(old, 29.9);
  const { text } = await browser.get('/admin/trash').expect(200);
  expect(text.indexOf('Episode 7')).toBeLessThan(text.lastIndexOf('Episode 8'));
  expect(text).toMatch(/data-label="By">ada@example\.org</);
  expect(text).toContain(`action="/admin/episodes/${old}/restore"`);

  await age(old, 30.1);
  expect((await browser.get('/admin/trash')).text).not.toContain(`/admin/episodes/${old}/restore`);
  await post(browser, `/admin/episodes/${old}/restore`).expect(404);
  await post(browser, `/admin/episodes/${id}/restore`).expect(303);
  const listed = await listTrash(site.database.db, { limit: 100 });
  expect(listed.map((episode) => episode.id)).not.toContain(id);
});

test('one whose number was given away comes back with another', async () => {
  const browser = await loggedIn();
  const { id: seriesId } = await newSeries(site.catalog, { title: 'Given away' });
  const id = await deleted(seriesId, '3');
  const other = await newEpisode(site.catalog, seriesId, { number: '3' });
  const restore = `/admin/episodes/${id}/restore`;
  const refused = await post(browser, restore);
  expect(refused.status).toBe(409);
  expect(refused.text).toContain('There is another Episode 3 by now');
  expect(refused.text).toContain(`href="/admin/episodes/${other.id}/edit"`);
  expect(refused.text).toMatch(/name="number"[^>]*value="4"/);
  const wrong = await post(browser, restore, { number: 'four' });
  expect(wrong.status).toBe(422);
  expect(wrong.text).toContain('Must be a number from 0 to 99999.99');
  expect(wrong.text).toMatch(/name="number"[^>]*value="four"/);
  await post(browser, restore, { number: '４' }).expect(303);
  expect(await restoreEpisode(site.catalog, tester, id)).toMatchObject({ episode: { number: '4' } });
  const [act] = await site.database
    .db('journal')
    .where({ subject_kind: 'episode', subject_id: id })
    .orderBy('id', 'desc');
  expect(act).toMatchObject({ action: 'episode.restore', subject_label: 'Episode 4 of “Given away”' });
});

test('the trash is paged', async () => {
  const browser = await loggedIn();
  const { id: seriesId } = await newSeries(site.catalog, { title: 'Paged' });
  for (let number = 1; number <= 51; number++) await deleted(seriesId, String(number));
  const first = await browser.get('/admin/trash');
  const next = /href="(\/admin\/trash\?after=\d+)"/.exec(first.text)?.[1] ?? '';
  const second = await browser.get(next).expect(200);
  expect(first.text.match(/Bring back<span/g)).toHaveLength(50);
  expect(second.text).toContain('Bring back<span class="visually-hidden"> Episode 1 of Paged');
});

test('after 30 days it is gone, but for what an import would add again', async () => {
  const { db } = site.database;
  const own = await newSeries(site.catalog, { title: 'Own' });
  const imported = await newSeries(site.catalog, { title: 'Imported' });
  await db('series').where({ id: imported.id }).update({ source: 'test:1' });
  const gone = await deleted(own.id, '1');
  const kept = await deleted(own.id, '2');
  const unwanted = await deleted(imported.id, '1');
  const { id: taken } = await newEpisode(site.catalog, imported.id, { number: '2' });
  await markEpisodes(db as never, [{ id: taken, importedAs: 2 }]);
  await db.transaction((trx) => takeBackEpisodes(trx, [taken]));
  await age(gone, 31.1);
  await age(unwanted, 31.1);
  await age(taken, 31.1);
  await age(kept, 30.5);

  expect(await purgeTrash(db)).toBe(2);
  expect(await purgeTrash(db)).toBe(0);
  const left = await db('episodes').whereIn('id', [gone, kept, unwanted, taken]).orderBy('id').pluck('id');
  expect(left).toEqual([kept, unwanted, taken]);
  const servers = await db('video_servers')
    .whereIn('episode_id', [gone, unwanted, taken])
    .pluck('episode_id');
  expect(servers).toEqual([taken]);
  const [act] = await db('journal').where({ action: 'episode.purge' });
  expect(act).toMatchObject({
    actor_kind: 'system',
    details: { purged: ['Episode 1 of “Own”', 'Episode 1 of “Imported”'] },
  });
  const journal = await (await loggedIn()).get('/admin/journal').query({ action: 'episode.purge' });
  expect(journal.text).toContain('purged deleted episodes');
});
