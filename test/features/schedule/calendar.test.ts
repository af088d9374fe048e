import ICAL from 'ical.js';
import request from 'supertest';
import { createFollowList } from '../../../src/features/following/public';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';

const DAY_MS = 86_400_000;
const NASTY = 'R&D; "it\'s", 葬送\\n 🎬';

let app: TestApp;
let airing: { readonly id: string; readonly slug: string };
beforeAll(async () => {
  app = await createTestApp({ SITE_URL: 'https://anime.example' });
  airing = await newAiring('Airing');
});
afterAll(() => app.close());

/** The last whole hour, eight weeks ago: a broadcast each week at that time. */
const FIRST = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 56 * DAY_MS + 3_600_000);

async function newAiring(title: string) {
  const series = await newSeries(app.catalog, { title });
  await app.database
    .db('series')
    .where({ id: series.id })
    .update({ begins_at: FIRST, broadcast: `R/${FIRST.toISOString()}/P7D` });
  return series;
}

async function eventsOf(path: string) {
  const { text, headers } = await request(app.app).get(path).buffer(true).expect(200);
  expect(headers['content-type']).toBe('text/calendar; charset=utf-8');
  // Each line of a valid calendar ends in CRLF and has at most 75 octets (RFC 5545, 3.1).
  for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  expect(text).not.toMatch(/[^\r]\n/);
  const calendar = new ICAL.Component(ICAL.parse(text));
  return calendar.getAllSubcomponents('vevent').map((component) => new ICAL.Event(component));
}

test('a calendar is in the language of its address, to which the schedule of that language leads', async () => {
  const { text } = await request(app.app).get('/schedule').set('Accept-Language', 'ja').expect(200);
  const [, href = ''] = /href="(\/schedule\.ics[^"]*)"/.exec(text) ?? [];
  const japanese = (await eventsOf(href)).map(({ summary }) => summary);
  expect(japanese).toContain('Airing（放送）');
  expect((await eventsOf('/schedule.ics')).map(({ summary }) => summary)).toContain('Airing (broadcast)');
  await request(app.app).get('/schedule.ics?language=fr').expect(400);
});

test('what is announced and what is expected to be broadcast are events, the same one only once', async () => {
  const series = await newAiring(NASTY);
  const next = new Date(FIRST.getTime() + 56 * DAY_MS);
  const announced = { status: 'scheduled', publishAt: next.toISOString(), announced: true, number: 9 };
  const { id } = await newEpisode(app.catalog, series.id, announced);
  await newEpisode(app.catalog, series.id, { ...announced, number: 10, announced: false });
  const events = await eventsOf(`/series/${series.slug}/schedule.ics`);
  expect(events[0]).toMatchObject({ uid: `episode-${id}@anime.example`, summary: `${NASTY} – Episode 9` });
  expect(events[0]?.startDate.toJSDate()).toEqual(next);
  expect(events[0]?.component.getFirstPropertyValue('url')).toBe(
    `https://anime.example/series/${series.slug}`,
  );
  expect(events[1]?.startDate.toJSDate()).toEqual(new Date(next.getTime() + 7 * DAY_MS));
  expect(events[1]?.component.getFirstPropertyValue('status')).toBe('TENTATIVE');
  expect(new Set(events.map(({ uid }) => uid)).size).toBe(events.length);
  const site = await eventsOf('/schedule.ics');
  expect(site.map(({ summary }) => summary)).toEqual(
    expect.arrayContaining([`${NASTY} – Episode 9`, 'Airing (broadcast)']),
  );
});

test('the calendar of a private address has what its list has', async () => {
  const token = await createFollowList(app.database.db, [airing.id]);
  const events = await eventsOf(`/following/schedule.ics?key=${token}`);
  expect(events.length).toBeGreaterThan(3);
  for (const { summary } of events) expect(summary).toMatch(/^Airing/);
  await request(app.app).get('/following/schedule.ics?key=nothing').expect(404);
  await request(app.app).get('/series/nothing/schedule.ics').expect(404);
});

test('the schedule says when a series is usually here, by what people and scripts posted', async () => {
  const [habit, imported] = [await newAiring('Habit'), await newAiring('Imported')];
  for (const [series, via] of [
    [habit, 'form'],
    [imported, 'command'],
  ] as const) {
    for (let week = 0; week < 6; week++) {
      const { id } = await newEpisode(app.catalog, series.id, { number: week + 1 });
      const at = new Date(FIRST.getTime() + week * 7 * DAY_MS + (33 + (week % 2)) * 60_000);
      await app.database.db('journal').insert({
        at,
        actor_kind: 'admin',
        actor_name: tester.name,
        via,
        action: 'episode.create',
        subject_kind: 'episode',
        subject_id: id,
        changes: JSON.stringify({ status: { after: 'published' } }),
      });
    }
  }
  const next = new Date(FIRST.getTime() + 63 * DAY_MS);
  const { text } = await request(app.app)
    .get(`/schedule?day=${next.toISOString().slice(0, 10)}`)
    .expect(200);
  const slots = text.split('<li class="slot');
  const slotOf = (title: string): string => slots.find((slot) => slot.includes(`>${title}</span>`)) ?? '';
  const usually = new Date(next.getTime() + 34 * 60_000);
  expect(slotOf('Habit')).toContain(`Usually here at <time datetime="${usually.toISOString()}"`);
  expect(slotOf('Habit')).toContain('±1 min');
  expect(slotOf('Imported')).not.toContain('Usually');
  const events = await eventsOf('/series/habit/schedule.ics');
  expect(events[0]?.summary).toBe('Habit (usually here)');
});
