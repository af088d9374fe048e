import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';

/** A proxy of the kind that breaks streams: it holds their bytes back to fill a buffer, while pages pass. */
export type MutedProxy = {
  readonly url: string;
  /** How many streams were asked for so far. */
  readonly streams: () => number;
  /** From now on nothing of a stream is passed on, of the open ones either. */
  mute(): void;
  /** New streams are passed on again; the old ones stay mute. */
  unmute(): void;
  close(): Promise<void>;
};

export async function startMutedProxy(target: { readonly port: number }): Promise<MutedProxy> {
  const open = new Set<ServerResponse>();
  const held = new WeakSet<ServerResponse>();
  let isMuted = false;
  let streams = 0;
  const server = createServer((incoming, outgoing) => {
    const isStream = incoming.url?.startsWith('/events') ?? false;
    if (isStream) {
      streams++;
      open.add(outgoing);
      if (isMuted) held.add(outgoing);
    }
    const upstream = request(
      {
        host: '127.0.0.1',
        port: target.port,
        path: incoming.url,
        method: incoming.method,
        headers: incoming.headers,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.flushHeaders();
        answer.on('data', (chunk: Buffer) => {
          if (!held.has(outgoing)) outgoing.write(chunk);
        });
        // Its end is held back as well: who listens has to find out by itself.
        answer.on('end', () => {
          if (!held.has(outgoing)) outgoing.end();
        });
        answer.on('error', () => outgoing.destroy());
      },
    );
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => {
      open.delete(outgoing);
      upstream.destroy();
    });
    incoming.pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The proxy has no port.');
  return {
    url: `http://localhost:${address.port}`,
    streams: () => streams,
    mute() {
      isMuted = true;
      for (const response of open) held.add(response);
    },
    unmute() {
      isMuted = false;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
