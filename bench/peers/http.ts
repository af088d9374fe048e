// Node's http server; each event is one Buffer that is written to every response.
import { createServer, type ServerResponse } from 'node:http';
import { publish } from './publish';
import { BACKLOG, FIRST_BYTES, portArgument, STREAM_HEADERS } from './stream-headers';

const streams = new Set<ServerResponse>();

createServer((request, response) => {
  if (request.method === 'POST') {
    publish(request, response, (frame) => {
      for (const stream of streams) stream.write(frame);
    });
    return;
  }
  response.writeHead(200, STREAM_HEADERS);
  response.write(FIRST_BYTES);
  streams.add(response);
  response.on('close', () => streams.delete(response));
}).listen({ port: portArgument(), host: '127.0.0.1', backlog: BACKLOG });
