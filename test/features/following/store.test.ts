import { FollowStore } from '../../../src/features/following/browser/store';

const frieren = { id: '44', slug: 'frieren', title: '葬送のフリーレン', since: 1_000 };

/** A device that keeps what it is given, or refuses. */
function device({ isFull = false } = {}) {
  const kept = new Map<string, string>();
  return {
    kept,
    storage: () => ({
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => {
        if (isFull) throw new Error('QuotaExceededError');
        kept.set(key, value);
      },
    }),
  };
}

test('two tabs of a device follow the same series', () => {
  const { storage } = device();
  const [one, other] = [new FollowStore(storage), new FollowStore(storage)];
  expect(one.follow(frieren)).toBe(true);
  expect(other.follow({ ...frieren, id: '45', slug: 'other' })).toBe(true);
  expect(one.series.map(({ id }) => id)).toEqual(['44', '45']);
  expect(other.unfollow('44')).toBe(true);
  expect(one.follows('44')).toBe(false);
});

test('an episode is new that came after its series was followed, until it is opened or all is read', () => {
  const store = new FollowStore(device().storage);
  store.follow(frieren);
  const episode = { key: '812', slug: 'frieren', publishedMs: 2_000 };
  expect(store.isNew({ ...episode, publishedMs: 1_000 })).toBe(false);
  expect(store.isNew(episode)).toBe(true);
  store.markOpened('812');
  expect(store.isNew(episode)).toBe(false);
  expect(store.isNew({ ...episode, key: '813' })).toBe(true);
  store.markAllRead(3_000);
  expect(store.isNew({ ...episode, key: '813' })).toBe(false);
});

test('a file brings the list to another device, without the token', () => {
  const [from, to] = [new FollowStore(device().storage), new FollowStore(device().storage)];
  from.follow(frieren);
  from.setToken('secret');
  const file = from.export();
  expect(file).not.toContain('secret');
  expect(to.import(file, 5_000)).toBe(1);
  expect(to.series).toEqual([{ ...frieren, since: 5_000 }]);
  expect(to.import(file, 6_000)).toBe(0);
});

test.each(['', 'null', '[]', '{"series":[]}', '{"format":"other","series":[]}'])(
  '%j is no such file',
  (text) => {
    expect(new FollowStore(device().storage).import(text, 1)).toBeUndefined();
  },
);

test('what a file or the storage should not have is left out', () => {
  const { storage, kept } = device();
  const store = new FollowStore(storage);
  const series = [
    null,
    { id: '1' },
    { id: '-1', slug: 'a' },
    { id: '2', slug: '../x' },
    { id: '3', slug: 'ok' },
  ];
  expect(store.import(JSON.stringify({ format: 'nipnime-following', series }), 1)).toBe(1);
  expect(store.series).toEqual([{ id: '3', slug: 'ok', title: 'ok', since: 1 }]);
  kept.set('nipnime.following', '{"series":7,"opened":{},"readUntil":"x","token":1}');
  expect(store.series).toEqual([]);
  expect(store.isNew({ key: '1', slug: 'ok', publishedMs: 1 })).toBe(true);
});

test('a device that keeps nothing says so', () => {
  const store = new FollowStore(device({ isFull: true }).storage);
  expect(store.follow(frieren)).toBe(false);
  const refusing = new FollowStore(() => {
    throw new Error('SecurityError');
  });
  expect(refusing.series).toEqual([]);
  expect(refusing.follow(frieren)).toBe(false);
});

test('a list has an end', () => {
  const store = new FollowStore(device().storage);
  for (let id = 1; id <= 300; id++) store.follow({ ...frieren, id: String(id) });
  expect(store.follow({ ...frieren, id: '301' })).toBe(false);
  expect(store.series).toHaveLength(300);
});
