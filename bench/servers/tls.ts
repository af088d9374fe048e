import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';
import { speaksTls } from '../machine/compile';
import type { Workplace } from '../machine/workplace';

const BUFFER = 'ssl_buffer_size';

/** What there is to install, if anything. */
export function missingForTls({ programs }: Workplace): string | undefined {
  return programs.openssl !== undefined && speaksTls() ? undefined : 'apt-get install openssl libssl-dev';
}

/** Paths of a certificate that nobody vouches for, and of its key: of the kind that authorities give by default today. */
export function certificate({ programs, folder }: Workplace): {
  readonly cert: string;
  readonly key: string;
} {
  const [cert, key] = [join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  if (!existsSync(cert)) {
    const files = ['-subj', '/CN=127.0.0.1', '-days', '2', '-keyout', key, '-out', cert];
    execFileSync(programs.openssl ?? 'openssl', ['req', ...kind, ...files], { stdio: 'ignore' });
  }
  return { cert, key };
}

/**
 * nginx's directives for TLS 1.3, the same for all that end it there: sessions and buffers as deploy/https.conf has them, where
 * there is such a file; buffers of another size where it is given.
 */
export function tlsLines(workplace: Workplace, bufferSize?: string): readonly string[] {
  const { cert, key } = certificate(workplace);
  const shipped = join(projectRoot(), 'deploy', 'https.conf');
  const text = existsSync(shipped) ? readFileSync(shipped, 'utf8') : '';
  return [
    `ssl_certificate ${cert};`,
    `ssl_certificate_key ${key};`,
    'ssl_protocols TLSv1.3;',
    ...text
      .split('\n')
      .filter((line) => line.startsWith('ssl_session_') || (!bufferSize && line.startsWith(BUFFER))),
    ...(bufferSize ? [`${BUFFER} ${bufferSize};`] : []),
  ];
}
