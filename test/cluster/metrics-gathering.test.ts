import { Counter, Gauge } from 'prom-client';
import { MetricsGathering } from '../../src/cluster/metrics-gathering';
import { createRegistry } from '../../src/platform/metrics';

function workerMetrics(events: number, streams: number) {
  const registry = createRegistry();
  new Counter({ name: 'events_total', help: 'Events.', registers: [registry] }).inc(events);
  new Gauge({ name: 'streams', help: 'Streams.', registers: [registry] }).set(streams);
  new Gauge({ name: 'nodejs_eventloop_lag_p99_seconds', help: 'Lag.', registers: [registry] }).set(
    streams / 1_000,
  );
  return registry.getMetricsAsJSON();
}

async function gather(gathering: MetricsGathering, workers: ReadonlyMap<number, [number, number]>) {
  const text = await gathering.read([...workers.keys()], (workerId, round) => {
    const [events, streams] = workers.get(workerId) ?? [0, 0];
    void workerMetrics(events, streams).then((snapshot) => gathering.receive(workerId, round, snapshot));
  });
  return (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

test('adds up what workers have counted, and takes the worst of their delays', async () => {
  const value = await gather(
    new MetricsGathering(),
    new Map([
      [1, [3, 20]],
      [2, [4, 50]],
    ]),
  );
  expect(value('events_total')).toBe(7);
  expect(value('streams')).toBe(70);
  expect(value('nodejs_eventloop_lag_p99_seconds')).toBe(0.05);
});

test('a counter does not fall when a worker is gone; what it had open is no more', async () => {
  const gathering = new MetricsGathering();
  await gather(
    gathering,
    new Map([
      [1, [3, 20]],
      [2, [4, 50]],
    ]),
  );
  gathering.free(1);
  for (const round of [1, 2]) {
    const value = await gather(
      gathering,
      new Map([
        [2, [4 + round, 60]],
        [3, [round, 1]],
      ]),
    );
    expect(value('events_total')).toBe(3 + 4 + 2 * round);
    expect(value('streams')).toBe(61);
  }
});

test('does not wait for a worker that dies meanwhile', async () => {
  const gathering = new MetricsGathering();
  const text = gathering.read([1, 2], (workerId, round) => {
    if (workerId === 2) return gathering.free(2);
    void workerMetrics(5, 1).then((snapshot) => gathering.receive(1, round, snapshot));
  });
  expect(await text).toMatch(/^events_total 5$/m);
});

test('requests that overlap are one round', async () => {
  const gathering = new MetricsGathering();
  let asked = 0;
  const ask = (workerId: number, round: number): void => {
    asked += 1;
    void workerMetrics(1, 1).then((snapshot) => gathering.receive(workerId, round, snapshot));
  };
  const texts = await Promise.all([1, 2, 3].map(() => gathering.read([1], ask)));
  expect(new Set(texts).size).toBe(1);
  expect(asked).toBe(1);
});

test('has something to say while no worker serves', async () => {
  expect(await new MetricsGathering().read([], () => undefined)).toBe('\n');
});
