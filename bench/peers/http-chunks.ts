// Node's http server; each event is made a chunk of HTTP/1.1 once, and written to the sockets past the responses.
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { publish } from './publish';
import { BACKLOG, FIRST_BYTES, portArgument, STREAM_HEADERS } from './stream-headers';

const streams = new Set<Socket>();

createServer((request, response) => {
  if (request.method === 'POST') {
    publish(request, response, (frame) => {
      const chunk = Buffer.concat([
        Buffer.from(`${frame.length.toString(16)}\r\n`),
        frame,
        Buffer.from('\r\n'),
      ]);
      for (const stream of streams) stream.write(chunk);
    });
    return;
  }
  response.writeHead(200, STREAM_HEADERS);
  response.write(FIRST_BYTES);
  const { socket } = request;
  streams.add(socket);
  socket.on('close', () => streams.delete(socket));
}).listen({ port: portArgument(), host: '127.0.0.1', backlog: BACKLOG });
