import fc from 'fast-check';
import { z } from 'zod';
import { clockIn } from '../../src/web/clock';
import { field } from '../../src/web/fields';
import { type MergeConflict, type Merged, mergeRows, mergeValues, type Row } from '../../src/web/merge';
import { conflictViews, parseBase, takenText } from '../../src/web/merge-form';

const text = (label: string) => field(z.string(), { label, control: { kind: 'input' }, answer: z.string() });
const PARTS = { url: text('URL'), name: text('Name') } as const;
const FIELDS = {
  title: text('Title'),
  synopsis: text('Synopsis'),
  servers: field(z.array(z.unknown()), {
    label: 'Servers',
    control: { kind: 'rows', rowLabel: 'Server', fields: PARTS },
    answer: z.array(z.unknown()),
  }),
} as const;

type Server = { readonly id?: string | undefined; readonly url: string; readonly name: string };
type Thing = { readonly title: string; readonly synopsis: string; readonly servers: readonly Server[] };

const merge = (base: Partial<Thing>, mine: Thing, theirs: Thing): Merged<Thing> =>
  mergeValues(FIELDS, { base, mine, theirs });

const word = fc.constantFrom('a', 'b', 'c', 'd');
const thing: fc.Arbitrary<Thing> = fc.record({
  title: word,
  synopsis: word,
  servers: fc
    .array(fc.record({ url: word, name: word }), { maxLength: 4 })
    .map((rows) => rows.map((row, index) => ({ ...row, id: String(index + 1) }))),
});
const at = fc.nat({ max: 5 });
const step = fc.oneof(
  fc.record({
    type: fc.constant('text' as const),
    name: fc.constantFrom('title' as const, 'synopsis' as const),
    to: word,
  }),
  fc.record({
    type: fc.constant('part' as const),
    part: fc.constantFrom('url' as const, 'name' as const),
    at,
    to: word,
  }),
  fc.record({ type: fc.constant('add' as const), at, url: word, name: word }),
  fc.record({ type: fc.constant('remove' as const), at }),
  fc.record({ type: fc.constant('move' as const), at, to: at }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** What somebody makes of it, one step after the other. @param newId of what they add, where that is saved */
function edited(base: Thing, steps: readonly Step[], newId: (index: number) => string | undefined): Thing {
  let added = 0;
  const texts = { title: base.title, synopsis: base.synopsis };
  const servers = [...base.servers];
  for (const given of steps) {
    if (given.type === 'text') texts[given.name] = given.to;
    else if (given.type === 'add')
      servers.splice(given.at, 0, { id: newId(added++), url: given.url, name: given.name });
    else if (given.type === 'remove') servers.splice(given.at, 1);
    else if (given.type === 'move') {
      const [row] = servers.splice(given.at, 1);
      if (row) servers.splice(given.to, 0, row);
    } else {
      const row = servers[given.at];
      if (row) servers[given.at] = { ...row, [given.part]: given.to };
    }
  }
  return { ...texts, servers };
}

const same = (a: Server | undefined, b: Server | undefined): boolean =>
  a?.url === b?.url && a?.name === b?.name;
const found = (rows: readonly Server[], id: string | undefined): Server | undefined =>
  rows.find((row) => row.id === id);

/** What somebody has changed and is neither saved nor shown: none. */
function lost(base: Thing, mine: Thing, theirs: Thing): string[] {
  const { values, conflicts } = merge(base, mine, theirs);
  const of = <Type extends MergeConflict['type']>(type: Type) =>
    conflicts.filter((each): each is Extract<MergeConflict, { type: Type }> => each.type === type);
  const faults: string[] = [];
  const expectThat = (is: boolean, what: string): void => {
    if (!is) faults.push(what);
  };

  for (const name of ['title', 'synopsis'] as const) {
    if (mine[name] !== base[name]) expectThat(values[name] === mine[name], `my ${name}`);
    if (theirs[name] === base[name] || theirs[name] === values[name]) continue;
    const shown = of('field').some(({ field, theirs: their }) => field === name && their === theirs[name]);
    expectThat(shown, `their ${name}`);
  }
  for (const my of mine.servers) {
    const known = found(base.servers, my.id);
    const kept = found(values.servers, my.id);
    if (my.id === undefined || (!kept && !same(my, known)))
      expectThat(
        values.servers.some((row) => same(row, my)),
        'a server that I added or changed',
      );
    for (const part of ['url', 'name'] as const)
      if (kept && known && my[part] !== known[part]) expectThat(kept[part] === my[part], `my ${part}`);
  }
  for (const their of theirs.servers) {
    const known = found(base.servers, their.id);
    const kept = found(values.servers, their.id);
    const isMine = mine.servers.some(({ id }) => id === their.id);
    if (!known) expectThat(same(kept, their), 'a server that they added');
    else if (!isMine && !same(their, known))
      expectThat(
        of('row-removed-by-me').some(({ theirs: row }) => row.id === their.id),
        'their server',
      );
    for (const part of ['url', 'name'] as const) {
      if (!known || !kept || their[part] === known[part] || kept[part] === their[part]) continue;
      const shown = of('row-field').some(
        (each) =>
          each.part === part && values.servers[each.index]?.id === their.id && each.theirs === their[part],
      );
      expectThat(shown, `their ${part}`);
    }
  }
  for (const known of base.servers) {
    const my = found(mine.servers, known.id);
    const their = found(theirs.servers, known.id);
    if (!my || !their) expectThat(!found(values.servers, known.id), 'a removal');
    if (my && !their && !same(my, known)) expectThat(of('row-removed-by-them').length > 0, 'their removal');
  }
  const ids = values.servers.flatMap(({ id }) => id ?? []);
  expectThat(new Set(ids).size === ids.length, 'a server is there twice');
  return faults;
}

/** Of the servers that all three know, in the order of one of them. */
function orderOf(of: Thing, ...all: readonly Thing[]): string {
  const isKnown = (id: string | undefined): boolean => all.every(({ servers }) => found(servers, id));
  return of.servers.flatMap(({ id }) => (id !== undefined && isKnown(id) ? id : [])).join();
}

test('nothing that one of two has changed is lost, in 10,000 pairs of edits', () => {
  const steps = fc.array(step, { maxLength: 5 });
  fc.assert(
    fc.property(thing, steps, steps, (base, mySteps, theirSteps) => {
      const mine = edited(base, mySteps, () => undefined);
      const theirs = edited(base, theirSteps, (index) => `n${index}`);
      expect(lost(base, mine, theirs)).toEqual([]);

      const { values, conflicts } = merge(base, mine, theirs);
      const isContested = conflicts.some(({ type }) => type === 'order');
      const [before, my, their] = [base, mine, theirs].map((each) =>
        orderOf(each, base, mine, theirs, values),
      );
      const merged = orderOf(values, base, mine, theirs, values);
      expect(merged).toBe(my === before ? their : my);
      expect(isContested).toBe(my !== before && their !== before && my !== their);
    }),
    { numRuns: 10_000, seed: 11 },
  );
});

test('one side alone is taken as it is, and saving the same twice changes nothing', () => {
  const steps = fc.array(step, { maxLength: 5 });
  fc.assert(
    fc.property(thing, steps, (base, some) => {
      const changed = edited(base, some, (index) => `n${index}`);
      expect(merge(base, base, changed)).toMatchObject({ values: changed, conflicts: [] });
      expect(merge(base, changed, base)).toMatchObject({ conflicts: [], taken: [] });
      const unsaved = edited(base, some, () => undefined);
      expect(merge(base, unsaved, changed)).toEqual({ values: changed, conflicts: [], taken: [] });
    }),
    { numRuns: 1_000, seed: 12 },
  );
});

const servers = (...rows: readonly string[]): readonly Row[] =>
  rows.map((row) => ({ id: row.charAt(0), url: row.slice(1), name: '' }));
const PART_NAMES = ['url', 'name'];

test('what only they have added stands behind what it stood behind', () => {
  const { rows, conflicts } = mergeRows(
    PART_NAMES,
    servers('1a', '2b'),
    [...servers('2b', '1a'), { url: 'mine', name: '' }],
    servers('1a', '3c', '2b'),
  );
  expect(rows.map(({ id, url }) => id ?? url)).toEqual(['2', '1', '3', 'mine']);
  expect(conflicts).toEqual([]);
});

test('a form that says nothing of what it was rendered with asks about all that differs', () => {
  const mine = { title: 'a', synopsis: 'same', servers: [{ id: '1', url: 'a', name: 'x' }] };
  const theirs = { title: 'b', synopsis: 'same', servers: [{ id: '2', url: 'b', name: 'x' }] };
  const { conflicts } = merge({}, mine, theirs);
  expect(conflicts.map(({ type }) => type)).toEqual(['field', 'row-removed-by-them', 'row-removed-by-me']);
});

test('the base is read as far as it can be', () => {
  const read = (base: string) => parseBase({ title: text('Title'), servers: FIELDS.servers }, base);
  const servers = [{ id: '1', url: 'a', name: 5 }, { id: '', url: 'b', name: 'c' }, null];
  expect(read(JSON.stringify({ title: 'T', servers }))).toEqual({
    title: 'T',
    servers: [{ id: '1', url: 'a' }, { id: undefined, url: 'b', name: 'c' }, { id: undefined }],
  });
  expect(read('{"title":')).toEqual({});
  expect(read('[]')).toEqual({});
  expect(read('null')).toEqual({});
});

test('conflicts are told in words, with who saved the other version', () => {
  const base = {
    title: 'a',
    synopsis: 'a',
    servers: [
      { id: '1', url: 'a', name: 'x' },
      { id: '2', url: 'b', name: 'y' },
    ],
  };
  const mine = { title: 'b', synopsis: 'a', servers: [{ id: '1', url: 'mine', name: 'x' }] };
  const theirs = {
    title: 'c',
    synopsis: 'd',
    servers: [
      { id: '1', url: 'theirs', name: 'x' },
      { id: '2', url: 'e', name: 'y' },
    ],
  };
  const { conflicts, taken } = merge(base, mine, theirs);
  const savers = new Map([
    ['title', { at: new Date('2026-11-26T14:02:00Z'), actor: { name: 'ada@example.org' } }],
    ['synopsis', { at: new Date('2026-11-26T14:02:00Z'), actor: { name: 'bob@example.org' } }],
  ]);
  const savedBy = 'an import or a job, 26 Nov 2026, 16:00 CET';
  const savedAt = new Date('2026-11-26T15:00:00Z');
  expect(conflictViews(FIELDS, conflicts, { savers, savedAt, clock: clockIn('Europe/Berlin') })).toEqual([
    { label: 'Title', mine: 'b', saved: 'c', savedBy: 'ada@example.org, 26 Nov 2026, 15:02 CET' },
    { label: 'Server 1, URL', mine: 'mine', saved: 'theirs', savedBy },
    { label: 'A server', mine: '(removed)', saved: 'e, y', savedBy },
  ]);
  expect(takenText(FIELDS, taken, savers)).toBe('Synopsis (bob@example.org)');
});

test('rows without ids are told apart by what stands in a field, the second of a text by its place', () => {
  const keyed = {
    links: field(z.array(z.unknown()), {
      label: 'Links',
      control: { kind: 'rows', rowLabel: 'Link', fields: PARTS, key: 'url' },
      answer: z.array(z.unknown()),
    }),
  } as const;
  const [a, b] = [
    { url: 'a', name: 'one' },
    { url: 'a', name: 'two' },
  ];
  const links = (...rows: readonly Row[]) => ({ links: rows });
  const merged = mergeValues<{ readonly links: readonly Row[] }>(keyed, {
    base: links(a, b),
    mine: links({ ...a, id: 'a' }, { ...b, id: 'a 2', url: 'c' }, { url: 'd', name: 'new' }),
    theirs: links(a, { ...b, name: 'three' }, { url: 'd', name: 'new' }),
  });
  expect(merged).toEqual({
    values: links(a, { url: 'c', name: 'three' }, { url: 'd', name: 'new' }),
    conflicts: [],
    taken: ['links'],
  });
});
