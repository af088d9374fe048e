import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../src/commands/fleet/ports';
import type { Workplace } from '../machine/workplace';
import { startServer } from './server-under-test';

/** Starts a Varnish in front of a site, with what it comes with: only what a site that waits needs is set. */
export async function startVarnish(
  workplace: Workplace,
  sitePort: number,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { varnish } = workplace.programs;
  if (!varnish) throw new Error('varnish is needed for this.\n  Debian: apt-get install varnish');
  const folder = await mkdtemp(join(workplace.folder, 'varnish-'));
  const port = await freePort();
  await writeFile(
    join(folder, 'site.vcl'),
    `vcl 4.1;
backend site { .host = "127.0.0.1"; .port = "${sitePort}"; .first_byte_timeout = 30s; }
`,
  );
  // By itself Varnish closes the connections of those who are woken when more than 20 have no thread yet.
  // Plain answers to clients that ask for them, with their length: the load has no time to unpack.
  const parameters = [
    'http_gzip_support=off',
    'thread_pools=1',
    'thread_pool_min=100',
    'thread_pool_max=2000',
    'thread_queue_limit=20000',
  ];
  const server = await startServer(workplace, {
    name: 'varnish',
    file: varnish,
    args: [
      ...['-F', '-n', folder, '-f', join(folder, 'site.vcl'), '-a', `127.0.0.1:${port}`, '-s', 'malloc,64m'],
      // Root's Varnish would run as somebody who can't enter root's temporary folders.
      ...['-j', 'none'],
      ...parameters.flatMap((parameter) => ['-p', parameter]),
    ],
    env: { PATH: process.env.PATH },
    port,
    stopSignal: 'SIGTERM',
  });
  return { port, stop: server.stop };
}
