import { Arrivals } from '../../src/browser/live/arrivals';
import type { UpsertEvent } from '../../src/browser/live/stream-event';

function upsert(episodeId: string, rev: number, overrides: Partial<UpsertEvent> = {}): UpsertEvent {
  return { type: 'upsert', episodeId, rev, isNew: true, title: '', url: '', html: '', ...overrides };
}

/** A grid of every card but those marked as foreign. */
function setUp() {
  const shown = new Map<string, UpsertEvent>();
  const told: string[] = [];
  const visitor = { isAtRest: true };
  const arrivals = new Arrivals({
    grid: {
      has: (episodeId) => shown.has(episodeId),
      wants: ({ html }) => html !== 'foreign',
      upsert: (event) => {
        const outcome = shown.has(event.episodeId) ? 'updated' : 'inserted';
        shown.set(event.episodeId, event);
        return outcome;
      },
      remove: ({ episodeId }) => shown.delete(episodeId),
    },
    isAtRest: () => visitor.isAtRest,
    onNew: ({ episodeId }, place) => told.push(`${episodeId} ${place}`),
    onRemoved: (episodeId) => told.push(`${episodeId} removed`),
    onWaiting: (count) => told.push(`${count} waiting`),
  });
  return { arrivals, shown, told, visitor };
}

test('a new card comes in at once when nothing is in use', () => {
  const { arrivals, shown, told } = setUp();
  arrivals.apply(upsert('1', 1));
  expect([...shown.keys()]).toEqual(['1']);
  expect(told).toEqual(['0 waiting', '1 shown']);
});

test('otherwise it waits, and is counted once, until it is asked for', () => {
  const { arrivals, shown, told, visitor } = setUp();
  visitor.isAtRest = false;
  arrivals.apply(upsert('1', 1));
  arrivals.apply(upsert('2', 2));
  arrivals.apply(upsert('2', 2));
  arrivals.apply(upsert('1', 3, { isNew: false, title: 'Edited' }));
  expect(shown.size).toBe(0);
  expect(told.filter((each) => each.endsWith('1 waiting') || each.endsWith('2 waiting'))).toEqual([
    '1 waiting',
    '1 waiting',
    '2 waiting',
    '2 waiting',
    '2 waiting',
  ]);
  expect(arrivals.showWaiting()).toEqual(['1', '2']);
  expect(shown.get('1')?.title).toBe('Edited');
  expect(told.at(-1)).toBe('0 waiting');
});

test('one that waits and is removed, or moved elsewhere, waits no longer; an older event changes nothing', () => {
  const { arrivals, told, visitor } = setUp();
  visitor.isAtRest = false;
  arrivals.apply(upsert('1', 5));
  arrivals.apply(upsert('2', 6));
  arrivals.apply({ type: 'remove', episodeId: '1', rev: 4 });
  expect(told.at(-1)).toBe('2 waiting');
  arrivals.apply({ type: 'remove', episodeId: '1', rev: 7 });
  arrivals.apply(upsert('2', 8, { isNew: false, html: 'foreign' }));
  expect(told).toContain('1 removed');
  expect(told.at(-1)).toBe('0 waiting');
  expect(arrivals.showWaiting()).toEqual([]);
});

test('what is shown, and what comes back, is changed at once and is no news', () => {
  const { arrivals, shown, told, visitor } = setUp();
  arrivals.apply(upsert('1', 1));
  told.length = 0;
  visitor.isAtRest = false;
  arrivals.apply(upsert('1', 2, { title: 'Edited' }));
  arrivals.apply(upsert('9', 3, { isNew: false }));
  expect(shown.get('1')?.title).toBe('Edited');
  expect(shown.has('9')).toBe(true);
  expect(told).toEqual([]);
});

test('a card that may come in takes along those that wait; one that belongs elsewhere is nothing', () => {
  const { arrivals, shown, told, visitor } = setUp();
  visitor.isAtRest = false;
  arrivals.apply(upsert('1', 1));
  visitor.isAtRest = true;
  arrivals.apply(upsert('2', 2, { html: 'foreign' }));
  expect([...shown.keys()]).toEqual([]);
  arrivals.apply(upsert('3', 3));
  expect([...shown.keys()]).toEqual(['1', '3']);
  expect(told.slice(-2)).toEqual(['0 waiting', '3 shown']);
});
