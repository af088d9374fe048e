import { Router } from 'express';
import type { Hub } from '../realtime/hub';

/** `GET /events`: the live stream. Mounted ahead of whatever it doesn't need. */
export function streamRoutes(hub: Hub): Router {
  const router = Router();
  router.get('/events', async (request, response) => {
    const { cursor } = request.query;
    // The header wins: a browser that reconnects by itself repeats the address it began with.
    const resumeFrom = request.get('Last-Event-ID') ?? (typeof cursor === 'string' ? cursor : undefined);
    await hub.open(response, request.ip ?? 'unknown', resumeFrom || undefined);
  });
  router.all('/events', (_request, response) => {
    response.set('Allow', 'GET').status(405).type('text').send('The stream is read with GET.\n');
  });
  return router;
}
