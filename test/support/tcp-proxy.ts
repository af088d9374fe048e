import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A network that can fail: passes bytes on to a port of this machine until it is cut. */
export type TcpProxy = {
  readonly port: number;
  /** Ends every connection at once, and refuses new ones until it is mended. */
  cut(): void;
  mend(): void;
  /** Passes nothing more on over the connections that are open, and ends none of them; new ones work. */
  mute(): void;
  /** Connections that were made so far. */
  readonly connections: () => number;
  /** Where new connections go from now on. */
  retarget(port: number): void;
  close(): Promise<void>;
};

export async function startTcpProxy(target: { readonly port: number }): Promise<TcpProxy> {
  let targetPort = target.port;
  const sockets = new Set<Socket>();
  const pairs = new Set<() => void>();
  let isCut = false;
  let connections = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // The other half tells; here an error only means that this half is over, too.
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    keep(far);
    connections++;
    near.pipe(far).pipe(near);
    let isMute = false;
    const mute = (): void => {
      isMute = true;
      near.unpipe(far).resume();
      far.unpipe(near).resume();
    };
    pairs.add(mute);
    near.once('close', () => {
      pairs.delete(mute);
      far.destroy();
    });
    far.once('close', () => {
      if (!isMute) near.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The proxy has no port.');
  const endAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    cut() {
      isCut = true;
      endAll();
    },
    mend() {
      isCut = false;
    },
    mute() {
      for (const mute of pairs) mute();
    },
    connections: () => connections,
    retarget(port) {
      targetPort = port;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      endAll();
      await closed;
    },
  };
}
