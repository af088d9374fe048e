// Express 5; each event is made anew for every response, of two strings.
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
app.post('/publish', express.text({ type: () => true }), (request, response) => {
  const [fields, data] = request.body.split('data: ');
  for (const stream of streams) {
    stream.write(fields);
    stream.write(`data: ${data}`);
  }
  response.status(202).end();
});
app.listen({ port: portArgument(), host: '127.0.0.1', backlog: BACKLOG });
