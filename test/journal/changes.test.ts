import { changesBetween } from '../../src/journal/changes';

test('only what differs is kept, as JSON has it', () => {
  const at = new Date('2026-11-23T09:30:00Z');
  expect(
    changesBetween(
      { title: 'A', number: '1', publishAt: at, servers: [{ name: 'Main' }] },
      { title: 'B', number: '1', publishAt: new Date(at), servers: [{ name: 'Main' }, { name: 'Second' }] },
    ),
  ).toEqual({
    title: { before: 'A', after: 'B' },
    servers: { before: [{ name: 'Main' }], after: [{ name: 'Main' }, { name: 'Second' }] },
  });
  expect(changesBetween({ publishAt: null }, { publishAt: at })).toEqual({
    publishAt: { before: null, after: '2026-11-23T09:30:00.000Z' },
  });
});

test('of what was made or has gone only what says something is kept', () => {
  const facts = { title: 'A', synopsis: '', season: null, synonyms: [], visible: false };
  expect(changesBetween(undefined, facts)).toEqual({ title: { after: 'A' }, visible: { after: false } });
  expect(changesBetween(facts, undefined)).toEqual({ title: { before: 'A' }, visible: { before: false } });
});
