import type { ChangeEvent } from '../../src/changes/change-event';
import { RelayedChangeBus } from '../../src/cluster/relayed-change-bus';
import { until } from '../support/until';

const event: ChangeEvent = { type: 'remove', epoch: 'k3f9', seq: 7, episodeId: '1' };

test('brings a change to the publisher itself and, by the primary, to the others', async () => {
  const other = new RelayedChangeBus(async () => undefined);
  const own = new RelayedChangeBus(async (messages) => other.receive(messages));
  const heard: string[] = [];
  await own.subscribe(({ seq }) => heard.push(`own ${seq}`), fail);
  await other.subscribe(({ seq }) => heard.push(`other ${seq}`), fail);
  await own.publish([event]);
  await until(() => heard.length === 2);
  expect(heard.sort()).toEqual(['other 7', 'own 7']);
});

test('says that something may be missing when it can’t read a message', async () => {
  const bus = new RelayedChangeBus(async () => undefined);
  let uncertain = 0;
  await bus.subscribe(fail, () => {
    uncertain += 1;
  });
  bus.receive(['{"v":2}', 'x']);
  expect(uncertain).toBe(2);
});

test('tells the publisher when the primary can’t be reached', async () => {
  const bus = new RelayedChangeBus(() => Promise.reject(new Error('The primary is gone.')));
  await expect(bus.publish([event])).rejects.toThrow('gone');
});

function fail(): never {
  throw new Error('This was not to be called.');
}
