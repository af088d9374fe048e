import { LEAST_TOLD, Receipts } from '../../../src/features/receipts/public';
import type { Note, WhisperValue } from '../../../src/live/feed/bus-message';
import type { NodeClock } from '../../../src/live/turns';
import { Whispers } from '../../../src/live/whispers';

type Timer = { readonly dueMs: number; readonly task: () => void };

/** Nodes that tell each other at once, on a clock of their own. */
class Nodes {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();
  readonly #all: { readonly whispers: Whispers; readonly receipts: Receipts }[] = [];
  readonly #clock: NodeClock = {
    now: () => this.#nowMs,
    random: () => 0,
    soon: (task) => this.#clock.after(0, task),
    after: (ms, task) => {
      const timer = { dueMs: this.#nowMs + ms, task };
      this.#timers.add(timer);
      return () => this.#timers.delete(timer);
    },
  };

  constructor(count: number) {
    for (let index = 0; index < count; index++) {
      const whispers = new Whispers({
        bus: { tell: (note) => this.#tellOthers(index, note) },
        clock: this.#clock,
        deliver: () => undefined,
        leastSum: () => LEAST_TOLD,
      });
      this.#all.push({ whispers, receipts: new Receipts({ whispers, clock: this.#clock }) });
    }
  }

  delivered(
    index: number,
    key: string,
    {
      seq = 7,
      connections = 10,
      totalMs = 20,
    }: { seq?: number; connections?: number; totalMs?: number } = {},
  ): void {
    const change = { seq, type: 'upsert', kind: 'episode', key, topics: ['latest'], isNew: true } as const;
    this.#all[index]?.receipts.delivered({ changes: [change], connections, totalMs });
  }

  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(({ dueMs }) => dueMs <= untilMs)
        .sort((a, b) => a.dueMs - b.dueMs);
      if (!next) break;
      this.#timers.delete(next);
      this.#nowMs = next.dueMs;
      next.task();
    }
    this.#nowMs = untilMs;
  }

  /** What a page that comes to the node now is told of the episode. */
  told(index: number, key: string): Readonly<Record<string, WhisperValue>> {
    const last = this.#all[index]?.whispers.lastOf([`receipt:${key}`]) ?? [];
    return Object.fromEntries(last.map((each) => [each.key, each.value]));
  }

  close(): void {
    for (const { whispers, receipts } of this.#all) {
      receipts.close();
      whispers.close();
    }
  }

  #tellOthers(from: number, note: Note): void {
    for (const [index, { whispers }] of this.#all.entries())
      if (index !== from) whispers.hear(note, `node-${from}`);
  }
}

let nodes: Nodes;
beforeEach(() => {
  nodes = new Nodes(3);
});
afterEach(() => nodes.close());

test('screens of all nodes and audiences are added up, and the last of them counts', () => {
  nodes.delivered(0, '44', { connections: 9_000, totalMs: 12 });
  nodes.delivered(0, '44', { connections: 500, totalMs: 133 });
  nodes.delivered(1, '44', { connections: 312, totalMs: 40 });
  nodes.pass(1_000);
  for (const index of [0, 1, 2]) expect(nodes.told(index, '44')).toEqual({ screens: 9_812, seconds: 0.14 });
});

test('a later change begins anew, and what is told of an earlier one no longer counts', () => {
  nodes.delivered(0, '44', { seq: 7, connections: 5 });
  nodes.delivered(0, '44', { seq: 9, connections: 3, totalMs: 5 });
  nodes.delivered(0, '44', { seq: 7, connections: 2 });
  nodes.pass(1_000);
  expect(nodes.told(2, '44')).toEqual({ screens: 3, seconds: 0.01 });
});

test('where nobody has it open, nothing is told; and after half a minute nothing any more', () => {
  nodes.delivered(0, '44', { connections: 0 });
  nodes.delivered(1, '45', { connections: 1 });
  nodes.pass(1_000);
  expect(nodes.told(0, '44')).toEqual({});
  expect(nodes.told(0, '45')).toEqual({ screens: 1, seconds: 0.02 });
  nodes.pass(40_000);
  expect(nodes.told(0, '45')).toEqual({});
});

test('of a run of changes the latest hundred are kept', () => {
  for (let seq = 1; seq <= 150; seq++) nodes.delivered(0, String(seq), { seq });
  nodes.pass(1_000);
  expect(nodes.told(1, '50')).toEqual({});
  expect(nodes.told(1, '51')).toEqual({ screens: 10, seconds: 0.02 });
});
