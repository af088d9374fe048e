import { coreNsOf } from '../../bench/machine/core-time';
import { kernelMemoryOf } from '../../bench/machine/kernel-memory';
import type { Visit } from '../../bench/measures/fanout/fanout';
import { summarise } from '../../bench/measures/fanout/summary';
import { clientsOf, readOptions, serversOf } from '../../bench/options';
import { deployedSection } from '../../bench/report/deployed-section';
import { DEPLOYED_SERVERS, FAN_OUT_SERVERS, type ServerName } from '../../bench/servers/server-under-test';

const frame = { event: 'upsert', data: '{}', bytes: 1_500 };

function visit(server: ServerName, round: number, cpuUs: number): Visit {
  const memory = { rssKiB: cpuUs, kernelKiB: 3.5 };
  const sample = {
    ...{ ...memory, size: 'card' as const, askedRate: 3, cpuUs, rate: 3, lastClientMs: undefined },
    ...{
      generatorBusy: 0.1,
      othersBusy: server === 'nipnime' ? 0.5 : 0.01,
      resets: 0,
      cut: 0,
      isComplete: true,
    },
  };
  const connect = { ...memory, settled: 100, refused: 0, ms: 5, cpuUs: 40 };
  return { server, clients: 100, round, connect, samples: [sample] };
}

const found = summarise(
  [
    ...[visit('nchan', 1, 10), visit('nchan', 2, 20), visit('nchan-tls', 1, 40), visit('nchan-tls', 2, 40)],
    ...[visit('nipnime', 1, 10), visit('nipnime', 2, 10)],
    ...[visit('nipnime-nginx', 1, 30), visit('nipnime-nginx', 2, 30)],
    ...[visit('nipnime-nginx-tls', 1, 60), visit('nipnime-nginx-tls', 2, 60)],
  ],
  [],
  { small: frame, card: frame, large: frame },
);

test('who encrypts is compared with an nchan that does, in the same round, and with the site alone', () => {
  const row = (name: ServerName) => found.rows.find(({ server }) => server === name);
  expect(row('nipnime-nginx')?.toNchan).toEqual({ median: 2.25, min: 1.5, max: 3 });
  expect(row('nipnime-nginx-tls')?.toNchan?.median).toBe(1.5);
  expect(row('nipnime-nginx-tls')?.toNipnime?.median).toBe(6);
});

test('the section has a table for plain streams and one for TLS, and tells what disturbed a row', () => {
  const lines = deployedSection(found).split('\n');
  const plain = lines.findIndex((line) => line.startsWith('| Plain, 100 clients, 1,500 B |'));
  const tls = lines.findIndex((line) => line.startsWith('| TLS, 100 clients, 1,500 B |'));
  expect(tls).toBeGreaterThan(plain);
  expect(lines[plain + 3]).toMatch(/^\| nipnime \| .* other work took 50 % of its core \|$/);
  expect(lines[plain + 4]).toMatch(/^\| nipnime behind nginx \| 30\.0 .* \| {2}\|$/);
  // 60 KiB of processes and 3.5 KiB of the kernel, against 43.5 KiB.
  expect(lines.slice(tls)).toContainEqual(
    expect.stringMatching(/^\| nipnime behind nginx, TLS \| .*\| 63\.5 \| 1\.46 \|/),
  );
});

test('a kernel that does not tell of its memory leaves it out', () => {
  const [first] = found.connects;
  if (!first) throw new Error('There is no row.');
  const unknown = { ...found, connects: [{ ...first, loadedKernelKiB: undefined }] };
  expect(deployedSection(unknown)).toContain('| nginx nchan | 15.0 (10.0–20.0) | – | – | – |');
});

test('the measure has servers and clients of its own', () => {
  expect(serversOf('deployed', readOptions(['deployed']))).toEqual(DEPLOYED_SERVERS);
  expect(serversOf('fanout', readOptions(['all']))).toEqual(FAN_OUT_SERVERS);
  expect(serversOf('deployed', readOptions(['deployed', '--servers', 'nchan-tls']))).toEqual(['nchan-tls']);
  expect(clientsOf('deployed', readOptions(['deployed']))).toEqual([4_000]);
});

test('the memory of sockets is that of their objects and of the pages of TCP', () => {
  const protocols = [
    'protocol  size sockets  memory press maxhdr  slab module     cl co di ac',
    'MPTCPv6   2064      7       9   no       0   yes  kernel      y  y  y  n',
    'UNIX-STREAM 1024     2      -1   NI       0   yes  kernel      y  n  n  n',
    'TCP       2048     10       5   no     192   yes  kernel      y  y  y  y',
  ].join('\n');
  const slabinfo = [
    'slabinfo - version: 2.1',
    '# name            <active_objs> <num_objs> <objsize> <objperslab>',
    'kmalloc-512          100    130    512   13    8 : tunables    0    0    0 : slabdata     10     10      0',
    'filp                  20     40    512   16    1 : tunables    0    0    0 : slabdata      3      3      0',
  ].join('\n');
  expect(kernelMemoryOf(protocols, slabinfo)).toEqual({
    socketsKiB: 10 * 2 + 2 * 1 + 5 * 4 + 20 * 0.5,
    oneSocketKiB: 2.5,
  });
});

test('a core is busy with programs, and with what its host takes from it', () => {
  const stat = 'cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 100 50 7 8 4 0 0\ncpu1 9 9 9 9 9 9 9 9 0 0\n';
  expect(coreNsOf(stat)).toBe(100_000_000);
});
