import { captureFrames, type Frames } from '../events/frame';
import type { Workplace } from '../machine/workplace';
import { missingForChain, startChain } from './chains';
import { hasNchan, startNchan } from './nginx';
import { startNipnime } from './nipnime';
import { startPeer } from './peers';
import { CHAINS, type ServerName, type ServerUnderTest } from './server-under-test';
import type { SiteSurroundings } from './site-surroundings';
import { missingForTls } from './tls';

/** The servers that are compared, and the events that they all send. */
export type Lineup = {
  readonly names: readonly ServerName[];
  readonly frames: Frames;
  start(name: ServerName): Promise<ServerUnderTest>;
};

/** @param wanted those of them that can be measured here are */
export async function openLineup(
  workplace: Workplace,
  surroundings: SiteSurroundings,
  wanted: readonly ServerName[],
): Promise<Lineup> {
  const site = await startNipnime(workplace, surroundings);
  const frames = await captureFrames(site.port, surroundings.publisher);
  const compresses = await sendsGzip(site.port);
  await site.stop();
  const nchan = hasNchan(workplace) ? undefined : 'apt-get install nginx libnginx-mod-nchan';
  const missing: Partial<Record<ServerName, string | undefined>> = {
    nchan,
    'nchan-tls': nchan ?? missingForTls(workplace),
    ...Object.fromEntries(CHAINS.map((chain) => [chain, missingForChain(workplace, chain)])),
    ...(!compresses && { 'nipnime-gzip': 'the site sends its streams plain' }),
  };
  for (const name of wanted) {
    if (missing[name] !== undefined) process.stderr.write(`Left out: ${name} (${missing[name]}).\n`);
  }
  return {
    names: wanted.filter((name) => missing[name] === undefined),
    frames,
    start(name) {
      switch (name) {
        case 'nipnime':
        case 'nipnime-gzip':
          return startNipnime(workplace, surroundings, { gzip: name === 'nipnime-gzip' });
        case 'nchan':
        case 'nchan-tls':
          return startNchan(workplace, frames, name);
        case 'floor':
        case 'http':
        case 'better-sse':
          return startPeer(workplace, name, frames);
        default:
          return startChain(workplace, surroundings, name);
      }
    },
  };
}

async function sendsGzip(port: number): Promise<boolean> {
  const abort = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/events`, {
    headers: { 'Accept-Encoding': 'gzip' },
    signal: abort.signal,
  });
  const encoding = response.headers.get('Content-Encoding');
  abort.abort();
  return encoding === 'gzip';
}
