// Plain sockets; each event is one Buffer that is written to every socket.
import type { Socket } from 'node:net';
import { serveSockets } from './net-streams';

const streams = new Set<Socket>();

serveSockets(streams, (frame) => {
  for (const stream of streams) stream.write(frame);
});
