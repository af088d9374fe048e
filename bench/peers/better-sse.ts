// Express 5 and better-sse, as its documentation shows it. https://matthewwid.github.io/better-sse/
import { createChannel, createSession } from 'better-sse';
import express from 'express';
import { BACKLOG, portArgument } from './stream-headers';

const channel = createChannel();
const app = express();

app.get('/events', async (request, response) => {
  channel.register(await createSession(request, response));
});
app.post('/publish', express.text({ type: () => true }), (request, response) => {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(request.body)?.[1] ?? '';
  channel.broadcast(JSON.parse(field('data')), field('event'), { eventId: field('id') });
  response.status(202).end();
});
app.listen({ port: portArgument(), host: '127.0.0.1', backlog: BACKLOG });
