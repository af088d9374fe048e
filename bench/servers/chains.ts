import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNginxFiles } from '../../src/commands/fleet/nginx';
import { freePort } from '../../src/commands/fleet/ports';
import type { Workplace } from '../machine/workplace';
import { account } from './nginx';
import { startNipnime } from './nipnime';
import { type Chain, isOverTls, type ServerUnderTest, startServer } from './server-under-test';
import type { SiteSurroundings } from './site-surroundings';
import { certificate, missingForTls, tlsLines } from './tls';

/** What small buffers are: an event fits, or comes in two parts. */
const SMALL = '2k';

/** Parts of a chain's name: what is in front of the site, and what differs from how it is shipped. */
type Part = 'nginx' | 'stream' | 'tls' | 'small' | 'unix';

function has(chain: Chain, part: Part): boolean {
  return chain.split('-').includes(part);
}

/** What there is to install for a chain, if anything. */
export function missingForChain(workplace: Workplace, chain: Chain): string | undefined {
  const { nginx, streamModule } = workplace.programs;
  if (has(chain, 'nginx') && !nginx) return 'apt-get install nginx';
  if (has(chain, 'stream') && !(nginx && streamModule)) return 'apt-get install nginx libnginx-mod-stream';
  return isOverTls(chain) ? missingForTls(workplace) : undefined;
}

/** Starts the site and what is in front of it. Where TLS ends, that is in what is first. */
export async function startChain(
  workplace: Workplace,
  surroundings: SiteSurroundings,
  chain: Chain,
): Promise<ServerUnderTest> {
  const folder = await mkdtemp(join(workplace.folder, 'chain-'));
  const socket = join(folder, 'site.sock');
  const port = await freePort();
  const isBehind = has(chain, 'nginx') || has(chain, 'stream');
  const site = await startNipnime(workplace, surroundings, {
    front: has(chain, 'unix')
      ? { listen: socket }
      : isBehind
        ? undefined
        : { listen: port, ...certificate(workplace) },
    // As docker-compose.yml has it.
    env: has(chain, 'nginx') ? { TRUST_PROXY: '1' } : {},
  });
  const outside = { name: chain, port, tls: isOverTls(chain) };
  if (!isBehind) return { ...site, ...outside };
  try {
    const upstream = has(chain, 'unix') ? `unix:${socket}` : `127.0.0.1:${site.port}`;
    const write = has(chain, 'stream') ? writeStreamFiles : writeHttpFiles;
    await write(workplace, { folder, chain, port, upstream });
    const nginx = await startServer(workplace, {
      name: 'nginx',
      // Standard output is the access log, and must be a file: nginx opens it by its name.
      file: 'sh',
      args: [
        ...['-c', `exec "$0" "$@" > ${join(folder, 'access.log')}`, workplace.programs.nginx ?? 'nginx'],
        ...['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr', '-g', `daemon off; ${account()}`],
      ],
      env: { PATH: process.env.PATH },
      port,
      stopSignal: 'SIGTERM',
    });
    const stop = async (): Promise<void> => {
      await nginx.stop();
      await site.stop();
    };
    return { ...site, ...outside, pids: [...nginx.pids, ...site.pids], stop };
  } catch (error) {
    await site.stop();
    throw error;
  }
}

type NginxFiles = {
  readonly folder: string;
  readonly chain: Chain;
  readonly port: number;
  readonly upstream: string;
};

/** deploy/nginx.conf as it is shipped, but for what the chain's name says. */
async function writeHttpFiles(
  workplace: Workplace,
  { folder, chain, port, upstream }: NginxFiles,
): Promise<void> {
  const isTls = has(chain, 'tls');
  const isSmall = has(chain, 'small');
  const tls = isTls ? tlsLines(workplace, isSmall ? SMALL : undefined) : [];
  const listen = `listen 127.0.0.1:${port}${isTls ? ' ssl' : ''};`;
  await writeNginxFiles(folder, [listen, ...tls, ''].join('\n'), [upstream]);
  if (!isSmall) return;
  const file = join(folder, 'nginx.conf');
  const shipped = await readFile(file, 'utf8');
  // There is one such line, that of the streams.
  const changed = shipped.replace('proxy_buffering off;', `proxy_buffering off; proxy_buffer_size ${SMALL};`);
  if (changed === shipped)
    throw new Error('deploy/nginx.conf has no stream any more whose buffers could be small.');
  await writeFile(file, changed);
}

/** Bytes to and fro: the site reads HTTP from whoever connects, and doesn't see from where. */
async function writeStreamFiles(workplace: Workplace, { folder, port, upstream }: NginxFiles): Promise<void> {
  // Its buffers have one size.
  const tls = tlsLines(workplace).filter((line) => !line.startsWith('ssl_buffer_size'));
  await writeFile(
    join(folder, 'nginx.conf'),
    `load_module ${workplace.programs.streamModule};
worker_processes auto;
worker_rlimit_nofile 65536;
pid nginx.pid;
error_log stderr warn;
events {
  worker_connections 50000;
}
stream {
  server {
    listen 127.0.0.1:${port} ssl;
    ${tls.join('\n    ')}
    proxy_pass ${upstream};
    # There are two of them for each connection.
    proxy_buffer_size 4k;
    proxy_timeout 60s;
  }
}
`,
  );
}
