import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service } from '../../src/commands/fleet/service';
import { type Bus, createRedisBus } from '../../src/live/feed/bus';
import type { Commit } from '../../src/live/log/change';
import { createLogger } from '../../src/platform/log';
import { describeWithRedis, findRedisServer, freePort } from '../support/redis';
import { until } from '../support/until';

jest.setTimeout(90_000);

const PASSWORD = 'of both servers';
/** One port, three addresses. */
const SENTINELS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;

describeWithRedis('a Redis and its replica, which three sentinels look after', () => {
  let folder: string;
  let servers: Service[];
  let sentinels: Service[];
  let buses: Bus[] = [];
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nipnime-sentinel-'));
    const ports = [await freePort(), await freePort()] as const;
    const sentinelPort = await freePort();
    const start = async (name: string, lines: readonly string[], args: readonly string[], isUp: RegExp) => {
      const file = join(folder, `${name}.conf`);
      await writeFile(file, `${lines.join('\n')}\n`);
      let isReady = false;
      const service = new Service(
        { name, onLine: (line) => (isReady ||= isUp.test(line)) },
        { file: findRedisServer() ?? '', args: [file, ...args] },
      );
      await service.untilReady(async () => isReady);
      return service;
    };
    const server = (name: string, port: number, more: readonly string[], isUp: RegExp) =>
      start(
        name,
        [
          'bind 127.0.0.1',
          `dir ${folder}`,
          // A full copy is written to a file, and one that is there is read at the start.
          `dbfilename ${name}.rdb`,
          `port ${port}`,
          'save ""',
          `requirepass "${PASSWORD}"`,
          `masterauth "${PASSWORD}"`,
          ...more,
        ],
        [],
        isUp,
      );
    servers = [await server('leader', ports[0], [], /Ready to accept/)];
    servers.push(await server('replica', ports[1], [`replicaof 127.0.0.1 ${ports[0]}`], /sync: Finished/));
    sentinels = await Promise.all(
      SENTINELS.map((address) =>
        start(
          `sentinel ${address}`,
          [
            `bind ${address}`,
            `port ${sentinelPort}`,
            `dir ${folder}`,
            `sentinel monitor site 127.0.0.1 ${ports[0]} 2`,
            `sentinel auth-pass site "${PASSWORD}"`,
            'sentinel down-after-milliseconds site 1000',
            'sentinel failover-timeout site 5000',
          ],
          ['--sentinel'],
          // It has found the replica.
          /\+slave /,
        ),
      ),
    );
    url = `redis+sentinel://:${encodeURIComponent(PASSWORD)}@${SENTINELS.join(',')}:${sentinelPort}/site`;
  });
  afterAll(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await Promise.all([...(sentinels ?? []), ...(servers ?? [])].map((service) => service.stop('SIGKILL')));
    await rm(folder, { recursive: true });
  });

  const commit = (seq: number): Commit => ({
    epoch: 'sentinel',
    changes: [{ seq, type: 'remove', kind: 'thing', key: '5', topics: ['latest'], isNew: false }],
  });

  test('nodes hear of each other through the one that leads, also after it has gone', async () => {
    const secret = 'of all nodes';
    const log = createLogger('silent');
    buses = [createRedisBus(url, log, { secret }), createRedisBus(url, log, { secret })];
    const [one, other] = buses;
    const heard: number[] = [];
    let isUncertain = false;
    await other?.subscribe({
      onCommit: ({ commit: { changes } }) => heard.push(...changes.map(({ seq }) => seq)),
      onUncertain: () => {
        isUncertain = true;
      },
      onNote: () => undefined,
    });
    const isHeard = (seq: number) => async (): Promise<boolean> => {
      await one?.publish(commit(seq)).catch(() => undefined);
      return heard.includes(seq);
    };
    await until(isHeard(1));
    isUncertain = false;
    servers[0]?.kill('SIGKILL');
    await until(isHeard(2), 60_000);
    // What was said meanwhile may be lost: the node looks at the log.
    expect(isUncertain).toBe(true);
  });
});
