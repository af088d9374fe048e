import { createAdmin } from '../../../src/features/accounts/admin-users';
import { createTestApp, type TestApp } from '../../support/app';
import { fieldsOf, post } from '../../support/html-form';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
const ACTION = '/admin/account/time-zone';
let site: TestApp;
let agent: Agent;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
});
afterAll(() => site.close());

test('until a zone is chosen times are in UTC, and that of the browser is offered', async () => {
  expect((await agent.get('/admin/today')).text).not.toContain('Times are in UTC.');
  agent.jar.setCookie('zone=America%2FNew_York; path=/admin');
  const today = (await agent.get('/admin/today')).text;
  expect(today).toContain('Times are in UTC. This browser is in America/New_York.');
  const account = (await agent.get('/admin/account')).text;
  expect(fieldsOf(account, ACTION)).toEqual({ zone: 'America/New_York' });
  expect(account).toMatch(/All times of the back office are in UTC until you choose.* UTC</);

  const back = { ...fieldsOf(today, ACTION), zone: 'America/New_York' };
  expect((await post(agent, ACTION, back).expect(303)).headers.location).toBe('/admin/today');
  const chosen = (await agent.get('/admin/today')).text;
  expect(chosen).toContain('Times are in America/New_York from now on.');
  expect(chosen).not.toContain('This browser is in');
});

test('is chosen on the account’s page, written down, and refused where there is none like it', async () => {
  await post(agent, ACTION, { zone: 'Asia/Tokyo' })
    .expect(303)
    .expect('Location', '/admin/account#time-zone');
  expect(fieldsOf((await agent.get('/admin/account')).text, ACTION)).toEqual({ zone: 'Asia/Tokyo' });
  for (const zone of ['', 'Mars/Olympus', '+09:00', 'x'.repeat(10_000)])
    await post(agent, ACTION, { zone }).expect(422);
  const [act] = await site.database.db('journal').orderBy('id', 'desc').limit(1);
  expect(act).toMatchObject({
    action: 'admin.time-zone',
    subject_label: ADA.email,
    changes: { timeZone: { before: 'America/New_York', after: 'Asia/Tokyo' } },
  });
  const journal = (await agent.get('/admin/journal').query({ action: 'admin.time-zone' })).text;
  expect(journal).toMatch(/<time [^>]* title="[^"]* UTC">[^<]* GMT\+9<\/time>/);
});

test('the days of the journal’s filter are those of the zone', async () => {
  await post(agent, ACTION, { zone: 'Asia/Tokyo' });
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  const now = new Date();
  const inTokyo = new Date(now.getTime() + 9 * 3_600_000);
  const acts = async (from: string, until: string) => {
    const { text } = await agent.get('/admin/journal').query({ action: 'admin.time-zone', from, until });
    return text.split('class="journal-act"').length - 1;
  };
  expect(await acts(day(inTokyo), day(inTokyo))).toBe(2);
  expect(await acts(day(new Date(inTokyo.getTime() + 86_400_000)), '')).toBe(0);
});
