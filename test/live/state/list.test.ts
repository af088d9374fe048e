import fc from 'fast-check';
import { ArrayStore } from '../../../src/live/state/array-store';
import { digestOf, tagOf } from '../../../src/live/state/digest';
import { List } from '../../../src/live/state/list';
import type { ItemMarkup } from '../../../src/live/state/list-markup';
import { parseItemMarkup } from '../../../src/live/state/list-markup';
import type { ListRules } from '../../../src/live/state/list-rules';
import type { RemoveEvent, UpsertEvent } from '../../../src/live/state/stream-event';

const RULES: ListRules = {
  topic: 'latest',
  cursor: 'e.0',
  order: 'descending',
  window: 3,
  size: 3,
  where: new Map(),
  after: '',
  before: '',
  isFirst: true,
  hasMore: false,
};

type Thing = { readonly id: number; readonly at: number; readonly text?: string; readonly kind?: string };

const positionOf = ({ id, at }: Thing): string => `${at}-${id}`;
const htmlOf = ({ id, text = '', kind = 'tv' }: Thing): string =>
  `<li data-kind="${kind}">${id} ${text}</li>`;

function upsert(thing: Thing, rev: number, isNew = false): UpsertEvent {
  const html = htmlOf(thing);
  const position = positionOf(thing);
  return {
    type: 'upsert',
    topic: 'latest',
    key: String(thing.id),
    rev,
    isNew,
    position,
    tag: tagOf(html),
    html,
  };
}

function remove(id: number, rev: number): RemoveEvent {
  return { type: 'remove', topic: 'latest', key: String(id), rev };
}

function itemOf(thing: Thing, rev = 0) {
  const html = htmlOf(thing);
  const item = { key: String(thing.id), rev, tag: tagOf(html), position: positionOf(thing) };
  return { ...item, ...parseItemMarkup(html) };
}

function setUp(things: readonly Thing[] = [], rules: Partial<ListRules> = {}) {
  const store = new ArrayStore({
    rules: { ...RULES, ...rules },
    items: things.map((thing) => itemOf(thing)),
  });
  const told: string[] = [];
  const visitor = { isAtRest: true };
  const list = new List<ItemMarkup>(store, {
    mayInsert: () => visitor.isAtRest,
    onNews: ({ key }, place) => told.push(`${key} ${place}`),
    onGone: (key) => told.push(`${key} gone`),
    onWaiting: (count, isAtLeast) => told.push(`${isAtLeast ? 'at least ' : ''}${count} waiting`),
    onUnfit: () => told.push('unfit'),
  });
  const shown = (): number[] => store.items.map(({ key }) => Number(key));
  return { list, store, told, visitor, shown };
}

describe('what is shown', () => {
  test('stands where it belongs, by numbers, the first ones first', () => {
    const { list, shown } = setUp();
    for (const [rev, thing] of [
      { id: 9, at: 5 },
      { id: 10, at: 5 },
      { id: 2, at: 7 },
      { id: 1, at: 3 },
    ].entries())
      expect(list.apply(upsert(thing, rev + 1))).toBe('inserted');
    expect(shown()).toEqual([2, 10, 9, 1]);
    expect(list.apply(upsert({ id: 9, at: 8 }, 5))).toBe('updated');
    expect(shown()).toEqual([9, 2, 10, 1]);
  });

  test('stands the other way round in a list that ascends', () => {
    const { list, shown } = setUp([{ id: 2, at: 12.5 }], { order: 'ascending' });
    list.apply(upsert({ id: 1, at: 13 }, 1));
    list.apply(upsert({ id: 3, at: 2 }, 2));
    expect(shown()).toEqual([3, 2, 1]);
  });

  test('is not changed by what is not newer', () => {
    const { list, store, shown } = setUp([{ id: 1, at: 1 }], { cursor: 'e.10' });
    expect(list.apply(upsert({ id: 1, at: 1, text: 'old' }, 10))).toBe('ignored');
    expect(list.apply(upsert({ id: 1, at: 1, text: 'new' }, 12))).toBe('updated');
    expect(list.apply(remove(1, 11))).toBe('ignored');
    expect(store.items[0]?.html).toContain('new');
    expect(list.apply(remove(1, 13))).toBe('removed');
    expect(list.apply(upsert({ id: 1, at: 1 }, 12))).toBe('ignored');
    expect(shown()).toEqual([]);
    expect(list.apply(upsert({ id: 1, at: 1 }, 14))).toBe('inserted');
  });

  test('is what the filter lets through', () => {
    const { list, shown } = setUp([{ id: 1, at: 1 }], { where: new Map([['kind', 'tv']]) });
    expect(list.apply(upsert({ id: 2, at: 2, kind: 'ova' }, 1))).toBe('ignored');
    expect(list.apply(upsert({ id: 1, at: 1, kind: 'ova' }, 2))).toBe('removed');
    // An event from before it was moved out.
    expect(list.apply(upsert({ id: 1, at: 1 }, 1))).toBe('ignored');
    expect(shown()).toEqual([]);
  });

  test('lies between the bounds of the page, which are not part of it', () => {
    const { list, shown } = setUp([], { after: '10-1', before: '20-1' });
    for (const [rev, at] of [10, 11, 19, 20, 9, 21].entries()) list.apply(upsert({ id: 1, at }, rev + 1));
    for (const [rev, at] of [10.5, 15, 20].entries()) list.apply(upsert({ id: rev + 2, at }, rev + 10));
    expect(shown()).toEqual([3, 2]);
  });

  test('is nothing that belongs behind the last item of a page which goes on; a full page pushes out', () => {
    const things = [3, 2, 1].map((id) => ({ id, at: id * 10 }));
    const { list, shown } = setUp(things, { hasMore: true });
    expect(list.apply(upsert({ id: 9, at: 5 }, 1))).toBe('ignored');
    expect(list.apply(upsert({ id: 4, at: 25 }, 2))).toBe('inserted');
    expect([shown(), list.end]).toEqual([[3, 4, 2], '20-2']);
    // What was pushed out is unknown now.
    expect(list.apply(upsert({ id: 1, at: 10, text: 'edited' }, 3))).toBe('ignored');
    expect(list.apply(upsert({ id: 2, at: 1 }, 4))).toBe('removed');
  });

  test('is unchanged by an event without an item', () => {
    const { list, shown } = setUp([{ id: 1, at: 1 }]);
    for (const html of ['', '<p>?</p>', '<li>', '<li></li><li></li>', 'text'])
      expect(() => list.apply({ ...upsert({ id: 1, at: 9 }, 5), html })).toThrow('no item');
    expect(shown()).toEqual([1]);
    expect(list.apply(upsert({ id: 1, at: 9 }, 4))).toBe('updated');
  });
});

describe('what is new', () => {
  test('comes in at once when nothing is in use', () => {
    const { list, shown, told } = setUp();
    expect(list.apply(upsert({ id: 1, at: 1 }, 1, true))).toBe('inserted');
    expect(shown()).toEqual([1]);
    expect(told).toEqual(['0 waiting', '1 shown']);
  });

  test('else waits, and is told once, until it is asked for; then it is as it is by now', () => {
    const { list, store, shown, told, visitor } = setUp();
    visitor.isAtRest = false;
    for (const [id, rev, text] of [
      [1, 1, 'first'],
      [2, 2, 'second'],
      [2, 2, 'twice'],
      [1, 3, 'edited'],
    ] as const)
      list.apply(upsert({ id, at: id, text }, rev, true));
    expect(shown()).toEqual([]);
    expect(told).toEqual(['1 waiting', '1 waiting', '2 waiting', '2 waiting', '2 waiting']);
    expect(list.showWaiting()).toEqual(['1', '2']);
    expect(shown()).toEqual([2, 1]);
    expect(store.items[1]?.html).toContain('edited');
    expect(told.at(-1)).toBe('0 waiting');
  });

  test('belongs where one of the words of its data is what the list is filtered by', () => {
    const { list, shown } = setUp([], { where: new Map([['kind', 'ova']]) });
    list.apply(upsert({ id: 1, at: 1, kind: 'tv ova' }, 1));
    list.apply(upsert({ id: 2, at: 2, kind: 'ova-2' }, 2));
    expect(shown()).toEqual([1]);
    list.apply(upsert({ id: 1, at: 1, kind: 'tv' }, 3));
    expect(shown()).toEqual([]);
  });

  test('belongs where it has one of several words that the list is filtered by', () => {
    const { list, shown } = setUp([], { where: new Map([['kind', 'tv ova']]) });
    for (const [index, kind] of ['tv', 'movie', 'ova', ''].entries())
      list.apply(upsert({ id: index + 1, at: index + 1, kind }, index + 1));
    expect(shown()).toEqual([3, 1]);
  });

  test('and waits, waits no longer when it is removed or belongs elsewhere; an older event changes nothing', () => {
    const { list, told, visitor } = setUp([], { where: new Map([['kind', 'tv']]) });
    visitor.isAtRest = false;
    list.apply(upsert({ id: 1, at: 1 }, 5, true));
    list.apply(upsert({ id: 2, at: 2 }, 6, true));
    expect(list.apply(remove(1, 4))).toBe('ignored');
    expect(told.at(-1)).toBe('2 waiting');
    list.apply(remove(1, 7));
    list.apply(upsert({ id: 2, at: 2, kind: 'ova' }, 8));
    expect(told).toContain('1 gone');
    expect([told.at(-1), list.waiting]).toEqual(['0 waiting', 0]);
    expect(list.showWaiting()).toEqual([]);
  });

  test('is not what is shown already, nor what comes back: these are changed at once', () => {
    const { list, shown, told, visitor } = setUp([{ id: 1, at: 1 }]);
    visitor.isAtRest = false;
    expect(list.apply(upsert({ id: 1, at: 1, text: 'edited' }, 2, true))).toBe('updated');
    expect(list.apply(upsert({ id: 9, at: 9 }, 3))).toBe('inserted');
    expect(shown()).toEqual([9, 1]);
    expect(told).toEqual([]);
  });

  test('takes along what waits when it may come in; what belongs elsewhere takes nothing', () => {
    const { list, shown, told, visitor } = setUp([], { where: new Map([['kind', 'tv']]) });
    visitor.isAtRest = false;
    list.apply(upsert({ id: 1, at: 1 }, 1, true));
    visitor.isAtRest = true;
    list.apply(upsert({ id: 2, at: 2, kind: 'ova' }, 2, true));
    expect(shown()).toEqual([]);
    list.apply(upsert({ id: 3, at: 3 }, 3, true));
    expect(shown()).toEqual([3, 1]);
    expect(told.slice(-2)).toEqual(['0 waiting', '3 shown']);
  });

  test('and has been pushed off the page while it waited, does not come in', () => {
    const { list, shown, visitor } = setUp(
      [3, 2, 1].map((id) => ({ id, at: id * 10 })),
      { hasMore: true },
    );
    visitor.isAtRest = false;
    list.apply(upsert({ id: 7, at: 15 }, 1, true));
    for (const id of [8, 9]) list.apply(upsert({ id, at: id * 10 }, id));
    expect(shown()).toEqual([9, 8, 3]);
    list.apply(remove(9, 10));
    expect(list.showWaiting()).toEqual([]);
    expect(shown()).toEqual([8, 3]);
  });

  test('waits no more when the list was read again, with all that waited', () => {
    const { list, store, told, visitor } = setUp();
    visitor.isAtRest = false;
    list.apply(upsert({ id: 1, at: 1 }, 1, true));
    list.apply(remove(2, 2));
    visitor.isAtRest = true;
    list.renew(store.rendered({ rules: { ...RULES, cursor: 'f.1' }, items: [itemOf({ id: 1, at: 1 }, 1)] }));
    expect([told.at(-1), list.waiting]).toEqual(['0 waiting', 0]);
    // In another epoch numbers begin anew.
    expect(list.apply(upsert({ id: 2, at: 2 }, 2))).toBe('inserted');
  });
});

describe('a list that is read again while somebody reads it', () => {
  const things = [4, 3, 2].map((id) => ({ id, at: id * 10 }));
  const page = (ids: readonly number[], rules: Partial<ListRules> = {}, text = '') => ({
    rules: { ...RULES, cursor: 'e.100', hasMore: true, ...rules },
    items: ids.map((id) => itemOf({ id, at: id * 10, text }, 100)),
  });
  function setUpInUse(rules: Partial<ListRules> = { hasMore: true }) {
    const { told, ...rest } = setUp(things, rules);
    rest.visitor.isAtRest = false;
    const renew = (...of: Parameters<typeof page>): void => rest.list.renew(rest.store.rendered(page(...of)));
    return { ...rest, told, renew };
  }

  test('has what is new behind the pill, and the rest as it is now', () => {
    const { list, store, shown, told, renew } = setUpInUse();
    renew([5, 4, 2], {}, 'edited');
    expect([shown(), store.items[0]?.html]).toEqual([[4, 2], '<li data-kind="tv">4 edited</li>']);
    expect(told).toEqual(['5 waiting', '1 waiting']);
    // An event that the answer contains already.
    expect(list.apply(upsert({ id: 2, at: 20, text: 'old' }, 99))).toBe('ignored');
    expect(list.showWaiting()).toEqual(['5']);
    expect(shown()).toEqual([5, 4, 2]);
    expect([list.end, list.isStale]).toEqual(['20-2', false]);
  });

  test('is left to the reader where nothing of it is left, until what is new is asked for', () => {
    const { list, shown, told, renew } = setUpInUse();
    renew([203, 202, 201]);
    expect([shown(), list.waiting, list.isStale, list.digest()]).toEqual([[4, 3, 2], 3, true, undefined]);
    expect(told.at(-1)).toBe('at least 3 waiting');
    // The page goes on being told.
    list.apply(upsert({ id: 3, at: 30, text: 'edited' }, 101));
    list.apply(upsert({ id: 204, at: 2_040 }, 102, true));
    list.apply(remove(201, 103));
    expect(shown()).toEqual([4, 3, 2]);
    list.showWaiting();
    expect([shown(), list.isStale, list.end]).toEqual([[204, 203, 202], false, '2010-201']);
  });

  test('is read once more when all that waited is gone', () => {
    const { list, shown, told, renew } = setUpInUse();
    renew([203, 202, 201]);
    for (const id of [203, 202, 201]) list.apply(remove(id, id));
    expect([shown(), told.at(-1)]).toEqual([[4, 3, 2], 'unfit']);
    renew([104, 103, 102]);
    expect([shown(), list.waiting]).toEqual([[4, 3, 2], 3]);
  });

  test('is filled up at its end at once, for that moves nothing', () => {
    const { list, shown, told, renew } = setUpInUse();
    list.apply(remove(3, 5));
    renew([4, 2, 1]);
    expect([shown(), told.filter((each) => each.endsWith('waiting')), list.end]).toEqual([
      [4, 2, 1],
      ['0 waiting'],
      '10-1',
    ]);
  });

  test('has what comes at the end of a list that ascends behind the pill', () => {
    const { list, store, told, visitor, shown } = setUp([...things].reverse(), { order: 'ascending' });
    visitor.isAtRest = false;
    list.renew(store.rendered(page([2, 3, 4, 5], { order: 'ascending', hasMore: false, size: 9 })));
    expect([shown(), told]).toEqual([
      [2, 3, 4],
      ['5 waiting', '1 waiting'],
    ]);
  });
});

describe('a list that no longer fits', () => {
  const things = [3, 2, 1].map((id) => ({ id, at: id * 10 }));

  test('has fallen below its window while there is more, or grown beyond its page without a link to the rest', () => {
    const short = setUp(things, { hasMore: true });
    short.list.apply(remove(2, 1));
    expect(short.told).toEqual(['2 gone', 'unfit']);
    const whole = setUp(things);
    whole.list.apply(remove(2, 1));
    expect(whole.told).toEqual(['2 gone']);
    whole.list.apply(upsert({ id: 4, at: 40 }, 2));
    expect(whole.told).toEqual(['2 gone']);
    whole.list.apply(upsert({ id: 5, at: 50 }, 3));
    expect(whole.told).toEqual(['2 gone', 'unfit']);
    expect(whole.shown()).toEqual([5, 4, 3, 1]);
  });

  test('is left alone while something waits, since that would come in with it', () => {
    const { list, told, visitor } = setUp(things, { hasMore: true });
    visitor.isAtRest = false;
    list.apply(upsert({ id: 4, at: 40 }, 1, true));
    list.apply(remove(2, 2));
    list.apply(remove(3, 3));
    expect(told).not.toContain('unfit');
    list.showWaiting();
    expect(told.at(-1)).toBe('unfit');
  });
});

describe('the digest', () => {
  const things = [4, 3, 2, 1].map((id) => ({ id, at: id * 10 }));
  const tags = things.map((thing) => tagOf(htmlOf(thing)));

  test('is that of the first window, in order', () => {
    expect(setUp(things, { size: 9 }).list.digest()).toBe(digestOf(tags.slice(0, 3)));
    expect(setUp(things.slice(2)).list.digest()).toBe(digestOf(tags.slice(2)));
    expect(setUp([]).list.digest()).toBe(digestOf([]));
  });

  test.each([
    ['is not the first', { isFirst: false }],
    ['is filtered', { where: new Map([['kind', 'tv']]) }],
    ['has bounds', { after: '1-1' }],
  ] as const)('is none of a page that %s', (_name, rules) => {
    expect(setUp(things, rules).list.digest()).toBeUndefined();
  });

  test('is none while something waits', () => {
    const { list, visitor } = setUp(things);
    visitor.isAtRest = false;
    list.apply(upsert({ id: 8, at: 80 }, 10, true));
    expect(list.digest()).toBeUndefined();
    list.showWaiting();
    expect(list.digest()).toBe(digestOf([tagOf(htmlOf({ id: 8, at: 80 })), ...tags.slice(0, 2)]));
  });

  test.each([
    ['twice', (items: readonly unknown[]) => [...items, items[3]]],
    ['out of order', ([a, b, c, d, e]: readonly unknown[]) => [a, b, c, e, d]],
  ])('is one that no list has when something is shown %s, be it behind the window', (_name, change) => {
    const { list, store } = setUp([{ id: 5, at: 50 }, ...things]);
    const right = list.digest();
    store.replace({ rules: store.rules, items: change(store.items) as typeof store.items });
    expect(list.digest()).not.toBe(right);
  });
});

type Step =
  | { readonly type: 'show' | 'hide'; readonly id: number; readonly at: number; readonly isNew: boolean }
  | { readonly type: 'press' | 'rest' | 'use' };

test('in whatever order events come, and however often, the list is that of the last states, as far as it knows', () => {
  const id = fc.integer({ min: 1, max: 8 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constantFrom('show', 'hide'), id, at: fc.nat(5), isNew: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('press', 'rest', 'use') }) },
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(id),
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.array(fc.nat(60)),
      fc.constantFrom('ascending', 'descending'),
      (ids, steps, disorder, order) => {
        const sign = order === 'ascending' ? 1 : -1;
        const database = new Map(ids.map((each): [number, Thing] => [each, { id: each, at: each % 3 }]));
        const inOrder = () => [...database.values()].sort((a, b) => sign * (a.at - b.at || a.id - b.id));
        const page = inOrder();
        const { list, store, visitor } = setUp(page.slice(0, 4), {
          size: 4,
          order,
          hasMore: page.length > 4,
        });
        const events: (UpsertEvent | RemoveEvent)[] = [];
        const script: (() => unknown)[] = [];
        const come = (event: UpsertEvent | RemoveEvent): void => {
          events.push(event);
          script.push(() => list.apply(event));
        };
        for (const [index, each] of steps.entries()) {
          if (each.type === 'show') {
            const thing = { id: each.id, at: each.at, text: `at ${index}` };
            database.set(each.id, thing);
            come(upsert(thing, index + 1, each.isNew));
          } else if (each.type === 'hide') {
            database.delete(each.id);
            come(remove(each.id, index + 1));
          } else if (each.type === 'press') script.push(() => list.showWaiting());
          else
            script.push(() => {
              visitor.isAtRest = each.type === 'rest';
            });
        }
        // Some come too early, and then once more in their place.
        const early = disorder.flatMap((at) => events[at] ?? []);
        for (const event of early) list.apply(event);
        for (const play of script) play();
        list.showWaiting();
        const { end } = list;
        const known = inOrder().filter((thing) => {
          if (end === undefined) return true;
          const [at = 0, last = 0] = end.split('-').map(Number);
          return sign * (thing.at - at || thing.id - last) <= 0;
        });
        const shown = store.items.map(({ html }) => html);
        // What came too early may have pushed out what is known now: what it shows is right, and nothing of it is missing ahead.
        const expected = known.map(htmlOf);
        if (early.length === 0) expect(shown).toEqual(expected);
        expect(expected.filter((html) => shown.includes(html))).toEqual(shown);
        expect(new Set(store.items.map(({ key }) => key)).size).toBe(shown.length);
      },
    ),
    { numRuns: 1_000 },
  );
});
