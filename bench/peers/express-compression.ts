// Express 5 with its compression; each event is compressed for every response.
import compression from 'compression';
import express, { type Response } from 'express';
import { BACKLOG, FIRST_BYTES, portArgument } from './stream-headers';

const streams = new Set<Response>();
const app = express();

app.get('/events', compression({ filter: () => true }), (_request, response) => {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
  });
  response.write(FIRST_BYTES);
  response.flush();
  streams.add(response);
  response.on('close', () => streams.delete(response));
});
app.post('/publish', express.raw({ type: () => true }), (request, response) => {
  for (const stream of streams) {
    stream.write(request.body);
    stream.flush();
  }
  response.status(202).end();
});
app.listen({ port: portArgument(), host: '127.0.0.1', backlog: BACKLOG });
