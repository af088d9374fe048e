// Plain sockets, written in rounds: events that arrive during a round are joined into one Buffer for the next.
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { serveSockets } from './net-streams';

const SLICE = 1_000;
const streams = new Set<Socket>();
let waiting: Buffer[] = [];
let isWriting = false;

serveSockets(streams, (frame) => {
  waiting.push(frame);
  if (!isWriting) void writeRounds();
});

async function writeRounds(): Promise<void> {
  isWriting = true;
  while (waiting.length > 0) {
    const bytes = Buffer.concat(waiting);
    waiting = [];
    let written = 0;
    for (const stream of [...streams]) {
      stream.write(bytes);
      if (++written % SLICE === 0) await nextTurn();
    }
  }
  isWriting = false;
}
