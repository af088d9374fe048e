import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { publish } from './publish';
import { BACKLOG, FIRST_BYTES, portArgument, STREAM_HEADERS } from './stream-headers';

/** Serves streams on plain sockets; only requests to publish go to Node's http. */
export function serveSockets(streams: Set<Socket>, send: (frame: Buffer) => void): void {
  const head = Object.entries(STREAM_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  const opening = Buffer.from(`HTTP/1.1 200 OK\r\n${head.join('')}\r\n${FIRST_BYTES}`);
  const publishing = createHttpServer((request, response) => publish(request, response, send));

  createServer((socket) => {
    socket.on('error', () => streams.delete(socket));
    socket.once('data', (bytes) => {
      if (bytes.toString('latin1', 0, 3) !== 'GET') {
        socket.unshift(bytes);
        publishing.emit('connection', socket);
        return;
      }
      socket.write(opening);
      streams.add(socket);
      socket.on('close', () => streams.delete(socket));
      socket.resume();
    });
  }).listen({ port: portArgument(), host: '127.0.0.1', backlog: BACKLOG });
}
