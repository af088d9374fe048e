import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { streamRequest } from '../../bench/generator/request-head';
import { StreamGenerator } from '../../bench/generator/stream-generator';
import { Cleanup } from '../../bench/machine/cleanup';
import { compile, speaksTls } from '../../bench/machine/compile';
import { describeMachine } from '../../bench/machine/machine';
import { Pinning } from '../../bench/machine/pinning';
import { findPrograms } from '../../bench/machine/programs';
import { certificate } from '../../bench/servers/tls';

const programs = findPrograms(process.env.PATH);
const isPossible =
  process.platform === 'linux' &&
  programs.compiler !== undefined &&
  programs.openssl !== undefined &&
  speaksTls();
const testWithTls = isPossible ? test : test.skip;

testWithTls(
  'the clients read their streams over TLS, and those that are refused are counted',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nipnime-tls-'));
    compile(programs.compiler);
    const workplace = { programs, pinning: new Pinning(undefined), cleanup: new Cleanup(), folder };
    const { cert, key } = certificate({ ...workplace, machine: describeMachine(undefined, false) });
    const streams: TLSSocket[] = [];
    const server = createServer({ cert: await readFile(cert), key: await readFile(key) }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        // The last one is turned away.
        if (streams.length === 20) return socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
        streams.push(socket);
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: \n\nevent: hello\n\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const generator = new StreamGenerator({
      ...{ port: (server.address() as AddressInfo).port, clients: 21, atOnce: 4, request: streamRequest() },
      ...{ isOpaque: false, awaitsHello: true, tls: true },
    });
    try {
      expect(await generator.opened).toMatchObject({ settled: 20, refused: 1 });
      expect(streams.every((socket) => socket.getProtocol() === 'TLSv1.3')).toBe(true);
      await generator.mark(0);
      // More than one record of TLS, and two events in one.
      const long = `event: upsert\nid: a.1\ndata: {"rev":1,"title":"${'x'.repeat(40_000)}"}\n\n`;
      for (const socket of streams) socket.write(`${long}event: upsert\nid: a.2\ndata: {"rev":2}\n\n`);
      expect(await generator.untilDelivered(2, 60_000)).toBe(true);
      expect((await generator.arrivals()).map(({ clients }) => clients)).toEqual([20, 20]);
    } finally {
      await generator.stop();
      server.close();
      await rm(folder, { recursive: true });
    }
  },
  120_000,
);
