import { freePort } from '../../src/commands/fleet/ports';
import { type Frames, frameText } from '../events/frame';
import { PeerPublisher } from '../events/peer-publisher';
import { streamRequest } from '../generator/request-head';
import { builtFile, type NodePeer } from '../machine/compile';
import type { Workplace } from '../machine/workplace';
import { type ServerUnderTest, startServer } from './server-under-test';

/** Starts a peer that sends what is posted to it. */
export async function startPeer(
  workplace: Workplace,
  name: 'floor' | NodePeer,
  frames: Frames,
): Promise<ServerUnderTest> {
  const port = await freePort();
  const program =
    name === 'floor'
      ? { file: builtFile('floor'), args: [String(port)] }
      : { file: process.execPath, args: [builtFile(`${name}.js`), String(port)] };
  const { pids, stop } = await startServer(workplace, {
    name,
    ...program,
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
    port,
    stopSignal: 'SIGKILL',
  });
  const publisher = await PeerPublisher.open(port, (size, seq) => ({
    fields: [],
    body: frameText(frames[size], seq),
  }));
  const endBoth = async (): Promise<void> => {
    publisher.close();
    await stop();
  };
  return {
    ...{ name, pids, port, publisher, stop: endBoth },
    request: streamRequest({}),
    isOpaque: false,
    greets: false,
  };
}
