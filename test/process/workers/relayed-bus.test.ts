import type { BusListener } from '../../../src/live/feed/bus';
import type { Note } from '../../../src/live/feed/bus-message';
import type { Commit } from '../../../src/live/log/change';
import { RelayedBus } from '../../../src/process/workers/relayed-bus';
import { until } from '../../support/until';

const commit: Commit = {
  epoch: 'k3f9',
  changes: [{ seq: 7, type: 'remove', kind: 'thing', key: '1', topics: ['latest'], isNew: false }],
};

const listener = (listening: Partial<BusListener>): BusListener => ({
  onCommit: fail,
  onUncertain: fail,
  onNote: fail,
  ...listening,
});

test('brings a commit to the publisher itself and, by the primary, to the others', async () => {
  const other = new RelayedBus(async () => undefined);
  const own = new RelayedBus(async (messages) => other.receive(messages));
  const heard: string[] = [];
  const hear = (name: string) =>
    listener({ onCommit: (message) => heard.push(`${name} ${message.commit.changes[0]?.seq}`) });
  await own.subscribe(hear('own'));
  await other.subscribe(hear('other'));
  await own.publish(commit);
  await until(() => heard.length === 2);
  expect(heard.sort()).toEqual(['other 7', 'own 7']);
});

test('brings a note to the others alone', async () => {
  const other = new RelayedBus(async () => undefined);
  const own = new RelayedBus(async (messages) => other.receive(messages));
  const notes: Note[] = [];
  await own.subscribe(listener({}));
  await other.subscribe(listener({ onNote: (note) => notes.push(note) }));
  own.tell({ type: 'signed-out', session: 's' });
  expect(notes).toEqual([{ type: 'signed-out', session: 's' }]);
});

test('says that something may be missing when it can’t read a message', async () => {
  const bus = new RelayedBus(async () => undefined);
  let uncertain = 0;
  await bus.subscribe(listener({ onUncertain: () => void uncertain++ }));
  bus.receive(['{"v":1}', 'x']);
  expect(uncertain).toBe(2);
});

test('tells the publisher when the primary can’t be reached', async () => {
  const bus = new RelayedBus(() => Promise.reject(new Error('The primary is gone.')));
  await expect(bus.publish(commit)).rejects.toThrow('gone');
});

function fail(): never {
  throw new Error('This was not to be called.');
}
