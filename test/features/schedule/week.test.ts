import type { IncomingMessage } from 'node:http';
import { addDays, dayOf, parseDay, spanOf, weekOf } from '../../../src/features/schedule/week';
import { zoneOf } from '../../../src/web/visitor-zone';

test('a week begins with its Monday', () => {
  const week = weekOf('2026-11-26');
  expect([week[0], week[6], week.length]).toEqual(['2026-11-23', '2026-11-29', 7]);
  for (const day of week) expect(weekOf(day)).toEqual(week);
  expect(addDays('2028-02-28', 2)).toBe('2028-03-01');
});

test.each([
  ['UTC', '2026-11-24T00:00:00.000Z', 24],
  ['Asia/Tokyo', '2026-11-23T15:00:00.000Z', 24],
  ['America/St_Johns', '2026-11-24T03:30:00.000Z', 24],
  ['Pacific/Kiritimati', '2026-11-23T10:00:00.000Z', 24],
])('a day in %s begins at %s', (zone, begins, hours) => {
  const span = spanOf('2026-11-24', zone);
  expect(span.begins.toISOString()).toBe(begins);
  expect(span.ends.getTime() - span.begins.getTime()).toBe(hours * 3_600_000);
  expect(dayOf(span.begins, zone)).toBe('2026-11-24');
  expect(dayOf(new Date(span.begins.getTime() - 1_000), zone)).toBe('2026-11-23');
});

test.each([
  ['2026-03-29', 23, '2026-03-28T23:00:00.000Z'],
  ['2026-10-25', 25, '2026-10-24T22:00:00.000Z'],
])('the day on which clocks are changed in Berlin, %s, has %d hours', (day, hours, begins) => {
  const span = spanOf(day, 'Europe/Berlin');
  expect(span.begins.toISOString()).toBe(begins);
  expect(span.ends.getTime() - span.begins.getTime()).toBe(hours * 3_600_000);
});

test.each(['', '2026-11-31', '2026-13-01', '26-11-24', '3026-11-24', '2026-11-24T00:00', '__proto__'])(
  '%j is no day',
  (text) => expect(parseDay(text)).toBeUndefined(),
);

test.each([
  ['zone=Asia%2FTokyo', 'Asia/Tokyo'],
  ['other=1; zone=Europe%2FBerlin', 'Europe/Berlin'],
  ['', 'UTC'],
  ['zone=', 'UTC'],
  ['zone=Nowhere', 'UTC'],
  ['zone=%E0%A4%A', 'UTC'],
  ['zone=%3Cscript%3E', 'UTC'],
])('with the cookie %j days are those of %s', (cookie, zone) => {
  expect(zoneOf({ headers: { cookie } } as IncomingMessage)).toBe(zone);
});
