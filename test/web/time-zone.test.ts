import fc from 'fast-check';
import { endOfDay, isTimeZone, readTime, startOfDay, timeZones, writeTime } from '../../src/web/time-zone';

const at = (iso: string, again?: string) => ({
  type: 'time',
  at: new Date(iso),
  again: again === undefined ? undefined : new Date(again),
});
const skipped = (from: string, to: string, instead: string) => ({ type: 'skipped', from, to, instead });

test.each([
  ['Asia/Tokyo', '2026-03-29T02:30', at('2026-03-28T17:30:00Z')],
  ['UTC', '2026-03-29T02:30', at('2026-03-29T02:30:00Z')],
  ['Europe/Berlin', '2026-03-29T01:59', at('2026-03-29T00:59:00Z')],
  ['Europe/Berlin', '2026-03-29T02:00', skipped('02:00', '03:00', '03:00')],
  ['Europe/Berlin', '2026-03-29T02:30', skipped('02:00', '03:00', '03:30')],
  ['Europe/Berlin', '2026-03-29T02:59:59.999', skipped('02:00', '03:00', '03:59')],
  ['Europe/Berlin', '2026-03-29T03:00', at('2026-03-29T01:00:00Z')],
  ['Europe/Berlin', '2026-10-25T01:59', at('2026-10-24T23:59:00Z')],
  ['Europe/Berlin', '2026-10-25T02:30', at('2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z')],
  ['Europe/Berlin', '2026-10-25T03:00', at('2026-10-25T02:00:00Z')],
  ['America/New_York', '2026-03-08T02:30', skipped('02:00', '03:00', '03:30')],
  ['America/New_York', '2026-11-01T01:30', at('2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z')],
  ['America/New_York', '2026-07-01T21:00:45.120', at('2026-07-02T01:00:45.120Z')],
  // Half an hour.
  ['Australia/Lord_Howe', '2026-10-04T02:15', skipped('02:00', '02:30', '02:45')],
  ['Asia/Kathmandu', '2026-11-27 12:00', at('2026-11-27T06:15:00Z')],
])('clocks of %s: %s', (zone, text, expected) => {
  expect(readTime(text, zone)).toEqual(expected);
});

test.each([
  '',
  '2026-02-30T00:00',
  '2026-11-27',
  '2026-11-27T24:00',
  '2026-11-27T09:30Z',
  '12026-11-27T09:30',
])('is no time: %j', (text) => {
  expect(readTime(text, 'Europe/Berlin')).toEqual({ type: 'unreadable' });
});

test('what is written is read as the same time, or as the first of two that clocks show alike', () => {
  const instants = fc.date({
    min: new Date('1990-01-01'),
    max: new Date('2040-01-01'),
    noInvalidDate: true,
  });
  const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'Australia/Lord_Howe');
  fc.assert(
    fc.property(instants, zones, (time, zone) => {
      const read = readTime(writeTime(time, zone), zone);
      if (read.type !== 'time') return false;
      return [read.at.getTime(), read.again?.getTime()].includes(time.getTime());
    }),
  );
});

test.each([
  ['2031-01-01T12:00:00.000Z', '2031-01-01T13:00'],
  ['2031-01-01T12:00:45.000Z', '2031-01-01T13:00:45'],
  ['2031-01-01T12:00:00.120Z', '2031-01-01T13:00:00.120'],
])('writes %s to the minute, unless something were lost', (iso, text) => {
  expect(writeTime(new Date(iso), 'Europe/Berlin')).toBe(text);
});

test('a day begins and ends where it does in the zone, also when clocks are changed', () => {
  expect(startOfDay('2026-03-29', 'Europe/Berlin')).toEqual(new Date('2026-03-28T23:00:00Z'));
  expect(endOfDay('2026-03-29', 'Europe/Berlin')).toEqual(new Date('2026-03-29T22:00:00Z'));
});

test('knows the zones that can be chosen, and no offsets', () => {
  expect(timeZones().slice(0, 1)).toEqual(['UTC']);
  expect(timeZones().filter((zone) => !isTimeZone(zone))).toEqual([]);
  expect(['', '+02:00', 'Mars/Olympus', 'Europe/Berlin\n'].filter(isTimeZone)).toEqual([]);
});
