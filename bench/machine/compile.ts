import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';
import { projectRoot } from '../../src/platform/project';

const BENCH = join(projectRoot(), 'bench');
/** Not committed. */
export const BUILD_FOLDER = join(BENCH, '.build');

const C_SOURCES = ['generator/streams.c', 'generator/requests.c', 'peers/floor.c'] as const;
/** Where the headers of OpenSSL are. */
const OPENSSL_HEADER = '/usr/include/openssl/ssl.h';
const NODE_PEERS = ['http', 'better-sse'] as const;
export type NodePeer = (typeof NODE_PEERS)[number];

/** Path of a compiled program: `streams`, `requests`, `floor`, or `http.js` and the like. */
export function builtFile(name: string): string {
  return join(BUILD_FOLDER, name);
}

/** True where the clients speak TLS, too. */
export function speaksTls(): boolean {
  return existsSync(OPENSSL_HEADER);
}

/** @throws an error that says what to install when there is no C compiler */
export function compile(compiler: string | undefined): void {
  if (!compiler) {
    throw new Error(
      'a C compiler is needed: a load generator in JavaScript would be the bottleneck.\n' +
        '  Debian: apt-get install gcc libc6-dev',
    );
  }
  mkdirSync(BUILD_FOLDER, { recursive: true });
  for (const source of C_SOURCES) {
    const program = builtFile(basename(source, '.c'));
    const tls = source === 'generator/streams.c' && speaksTls() ? ['-DWITH_TLS', '-lssl', '-lcrypto'] : [];
    execFileSync(compiler, ['-O2', '-o', program, join(BENCH, source), ...tls], { stdio: 'inherit' });
  }
  buildSync({
    entryPoints: [...NODE_PEERS, 'front'].map((peer) => join(BENCH, 'peers', `${peer}.ts`)),
    outdir: BUILD_FOLDER,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    packages: 'external',
    logLevel: 'warning',
  });
}
