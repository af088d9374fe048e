import { AddressRegister } from '../../src/cluster/address-register';
import { type PlacesOfTurn, SharedAddressLimit } from '../../src/cluster/shared-address-limit';

/** Two workers and the primary, with messages that arrive when they are delivered. */
function connected(maxPerAddress: number) {
  const register = new AddressRegister(maxPerAddress);
  const underWay: { workerId: number; places: PlacesOfTurn }[] = [];
  const limits = new Map<number, SharedAddressLimit>();
  const workers = [1, 2].map((workerId) => {
    register.join(workerId);
    const limit = new SharedAddressLimit((places) => underWay.push({ workerId, places }));
    limits.set(workerId, limit);
    return limit;
  });
  const deliver = async (): Promise<number> => {
    await new Promise(setImmediate);
    const messages = underWay.splice(0);
    for (const { workerId, places } of messages) {
      const given = register.settle(workerId, places.left, places.wanted);
      limits.get(workerId)?.placed(places.turn, given);
    }
    return messages.length;
  };
  const [one, other] = workers;
  if (!one || !other) throw new Error('There are two workers.');
  return { register, deliver, one, other };
}

test('workers share the places of an address', async () => {
  const { one, other, deliver } = connected(2);
  const answers = [one.enter('a'), other.enter('a'), one.enter('a'), other.enter('b')];
  await deliver();
  // The first worker's message is the first to arrive.
  expect(await Promise.all(answers)).toEqual([true, false, true, true]);
  one.leave('a');
  await deliver();
  const again = other.enter('a');
  await deliver();
  expect(await again).toBe(true);
});

test('asks once for all that came in one turn of the event loop', async () => {
  const { one, deliver } = connected(10_000);
  const answers = Array.from({ length: 10_000 }, () => one.enter('a'));
  expect(await deliver()).toBe(1);
  expect((await Promise.all(answers)).every(Boolean)).toBe(true);
  for (let place = 0; place < 10_000; place += 1) one.leave('a');
  expect(await deliver()).toBe(1);
});

test('a place that is given back in the turn of the next one counts as free', async () => {
  const { one, deliver } = connected(1);
  const first = one.enter('a');
  await deliver();
  expect(await first).toBe(true);
  const second = one.enter('a');
  one.leave('a');
  await deliver();
  expect(await second).toBe(true);
});

test('places of a worker that is gone are free, and it gets no more', async () => {
  const { register, one, other, deliver } = connected(2);
  const taken = [one.enter('a'), one.enter('a'), one.enter('b'), other.enter('c')];
  await deliver();
  expect(await Promise.all(taken)).toEqual([true, true, true, true]);
  register.free(1);
  expect(register.size).toBe(1);
  expect(register.settle(1, [], ['a'])).toEqual([false]);
  const again = [other.enter('a'), other.enter('a')];
  await deliver();
  expect(await Promise.all(again)).toEqual([true, true]);
});

test('nobody gives back what another worker holds', async () => {
  const { register, one, other, deliver } = connected(1);
  const taken = one.enter('a');
  await deliver();
  expect(await taken).toBe(true);
  other.leave('a');
  await deliver();
  expect(register.settle(2, [], ['a'])).toEqual([false]);
});
