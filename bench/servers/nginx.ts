import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../src/commands/fleet/ports';
import { dataWithNumber, type Frame, type Frames } from '../events/frame';
import { PeerPublisher } from '../events/peer-publisher';
import { streamRequest } from '../generator/request-head';
import type { Workplace } from '../machine/workplace';
import { type ServerUnderTest, startServer } from './server-under-test';
import { tlsLines } from './tls';

/** nchan's own ids (`1763910000:0`) are this much shorter than the site's (`k3f9abcd.1000000`). */
const SHORTER_ID_BYTES = 4;

/** True where nginx and its module for event streams are installed. */
export function hasNchan({ programs }: Workplace): boolean {
  return programs.nginx !== undefined && programs.nchanModule !== undefined;
}

/** Starts an nginx that sends what is posted to it. */
export async function startNchan(
  workplace: Workplace,
  frames: Frames,
  name: 'nchan' | 'nchan-tls',
): Promise<ServerUnderTest> {
  // Events are posted plainly all the same.
  const tlsPort = name === 'nchan-tls' ? await freePort() : undefined;
  const { port, pids, stop } = await startNginx(workplace, {
    modules: [workplace.programs.nchanModule ?? ''],
    ...(tlsPort !== undefined && {
      tls: [`listen 127.0.0.1:${tlsPort} ssl backlog=32768;`, ...tlsLines(workplace)],
    }),
    locations: `
      location = /events {
        nchan_subscriber eventsource;
        nchan_channel_id bench;
        nchan_subscriber_first_message newest;
      }
      location = /publish {
        nchan_publisher http;
        nchan_channel_id bench;
      }`,
  });
  const publisher = await PeerPublisher.open(port, (size, seq) => ({
    fields: [`X-EventSource-Event: ${frames[size].event}`],
    body: nchanData(frames[size], seq),
  }));
  const endBoth = async (): Promise<void> => {
    publisher.close();
    await stop();
  };
  return {
    ...{ name, pids, port: tlsPort ?? port, tls: tlsPort !== undefined, publisher, stop: endBoth },
    request: streamRequest(),
    isOpaque: false,
    greets: false,
  };
}

/** White space within JSON makes up for the shorter id. */
function nchanData({ data }: Frame, seq: number): string {
  return dataWithNumber(data, seq).replace(/\}$/, `${' '.repeat(SHORTER_ID_BYTES)}}`);
}

/** Starts an nginx with one worker. */
export async function startNginx(
  workplace: Workplace,
  {
    modules = [],
    tls = [],
    locations,
  }: { readonly modules?: readonly string[]; readonly tls?: readonly string[]; readonly locations: string },
): Promise<{ readonly port: number; readonly pids: readonly number[]; stop(): Promise<void> }> {
  const { nginx } = workplace.programs;
  if (!nginx) throw new Error('nginx is not installed.');
  const folder = await mkdtemp(join(workplace.folder, 'nginx-'));
  await mkdir(join(folder, 'temporary'));
  const port = await freePort();
  await writeFile(join(folder, 'nginx.conf'), configuration({ folder, port, modules, tls, locations }));
  const server = await startServer(workplace, {
    name: 'nginx',
    file: nginx,
    args: ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr', '-g', `daemon off; ${account()}`],
    env: { PATH: process.env.PATH },
    port,
    stopSignal: 'SIGTERM',
  });
  return { port, ...server };
}

/** Root's nginx would run its worker as nobody, who can't read root's temporary folders. */
export function account(): string {
  return process.getuid?.() === 0 ? 'user root;' : '';
}

function configuration(options: {
  readonly folder: string;
  readonly port: number;
  readonly modules: readonly string[];
  readonly tls: readonly string[];
  readonly locations: string;
}): string {
  const { folder, port, modules, tls, locations } = options;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(folder, 'temporary', kind)};`,
  );
  return `${modules.map((module) => `load_module ${module};`).join('\n')}
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${join(folder, 'nginx.pid')};
error_log stderr error;
events {
  # More than there are descriptors: when a sixteenth is left, nginx begins to close connections that have sent nothing yet.
  worker_connections 32768;
  multi_accept on;
}
http {
${temporary.join('\n')}
  types { text/html html; }
  access_log off;
  server_tokens off;
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:${port} backlog=32768;
    ${tls.join('\n    ')}
${locations}
  }
}
`;
}
