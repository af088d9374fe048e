// Express 5; each event is one Buffer that is written to every response.
import type { ServerResponse } from 'node:http';
import express from 'express';
import { BACKLOG, FIRST_BYTES, portArgument, STREAM_HEADERS } from './stream-headers';

const streams = new Set<ServerResponse>();
const app = express();

app.get('/events', (_request, response) => {
  response.writeHead(200, STREAM_HEADERS);
  response.write(FIRST_BYTES);
  streams.add(response);
  response.on('close', () => streams.delete(response));
});
app.post('/publish', express.raw({ type: () => true }), (request, response) => {
  for (const stream of streams) stream.write(request.body);
  response.status(202).end();
});
app.listen({ port: portArgument(), host: '127.0.0.1', backlog: BACKLOG });
