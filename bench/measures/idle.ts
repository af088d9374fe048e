import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { browserRequest, streamRequest } from '../generator/request-head';
import type { Workplace } from '../machine/workplace';
import type { Progress } from '../progress';
import { startNipnime } from '../servers/nipnime';
import type { SiteSurroundings } from '../servers/site-surroundings';

export type IdleRow = {
  readonly name: string;
  /** Both directions, what TCP carries without its own headers. */
  readonly bytesAnHour: number;
  /** How it comes about, for the reader. */
  readonly of: string;
};

const HOUR_S = 3_600;
const POLL_EVERY_S = 30;
/** A stream lives 80 to 100 % of SSE_TIMEOUT_MS, which is half an hour. */
const STREAM_LIFE_S = 0.9 * 1_800;
const HEARTBEAT_S = 15;

/** What a client costs in an hour in which nothing happens: as a stream, and as a poll of the page every 30 s. */
export async function measureIdle(
  workplace: Workplace,
  site: SiteSurroundings,
  plan: { readonly isQuick: boolean },
  progress: Progress,
): Promise<readonly IdleRow[]> {
  const heartbeatS = plan.isQuick ? 1 : HEARTBEAT_S;
  const server = await startNipnime(workplace, site, {
    env: { SSE_HEARTBEAT_MS: String(heartbeatS * 1_000) },
  });
  const { port } = server;
  try {
    const rows: IdleRow[] = [];
    for (const gzip of [false, true]) {
      const name = gzip ? 'stream, gzip' : 'stream';
      progress.begin(name);
      rows.push({ name, ...(await idleStream(port, streamRequest({ gzip }), heartbeatS)) });
    }
    const response = await fetch(`http://127.0.0.1:${port}/episodes/latest`);
    await response.arrayBuffer();
    const etag = response.headers.get('ETag');
    for (const [name, path, fields] of [
      ['poll of the page, gzip', '/episodes/latest', []],
      ['poll of the grid, gzip', '/episodes/latest/grid', []],
      ['poll of the page, 304', '/episodes/latest', etag ? [`If-None-Match: ${etag}`] : []],
    ] as const) {
      const request = browserRequest(path, { gzip: true, fields });
      const bytes = request.length + (await answerBytes(port, request));
      const polls = HOUR_S / POLL_EVERY_S;
      rows.push({ name, bytesAnHour: bytes * polls, of: `${polls} × ${bytes} B` });
    }
    for (const { name, bytesAnHour, of } of rows)
      progress.tell(`${name}: ${Math.round(bytesAnHour)} B an hour (${of})`);
    return rows;
  } finally {
    await server.stop();
  }
}

/** Listens to a stream for two heartbeats. */
async function idleStream(port: number, request: string, heartbeatS: number): Promise<Omit<IdleRow, 'name'>> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let opening = 0;
  const pings: number[] = [];
  const listener = (chunk: Buffer) => {
    opening += chunk.length;
  };
  socket.on('data', listener).write(request);
  await sleep(500);
  socket.off('data', listener).on('data', (chunk: Buffer) => pings.push(chunk.length));
  while (pings.length < 2) {
    if (socket.destroyed) throw new Error('The site closed an idle stream.');
    await sleep(heartbeatS * 100);
  }
  socket.destroy();
  const ping = Math.max(...pings);
  const opened = request.length + opening;
  const openings = HOUR_S / STREAM_LIFE_S;
  const heartbeats = HOUR_S / HEARTBEAT_S;
  return {
    bytesAnHour: heartbeats * ping + openings * opened,
    of: `${heartbeats} × ${ping} B, and ${openings.toFixed(1)} × ${opened} B for opening`,
  };
}

/** Length of the answer, head and body. */
async function answerBytes(port: number, request: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(socket, 'connect');
  // The answer has come when the server closes, as it is asked to.
  socket.write(request.replace('Connection: keep-alive', 'Connection: close'));
  await once(socket, 'close');
  return bytes;
}
