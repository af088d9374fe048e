import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../src/platform/project';
import { freePort } from './redis';
import { until } from './until';

/** deploy/nginx.sh as docker-compose.yml runs it, on ports and folders of this machine. */
export type HttpsProxy = {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Of nginx, whose process the script becomes. */
  readonly pid: number;
  readonly certificates: string;
  readonly challenges: string;
  /** What it has written to standard error. */
  said(): Promise<string>;
  /** What the health check of the container says. */
  isHealthy(): Promise<boolean>;
  workers(): Promise<readonly string[]>;
  stop(): Promise<void>;
};

type Options = {
  /** Empty on each start. */
  readonly folder: string;
  readonly domain: string;
  /** Empty: by the domain. */
  readonly siteUrl: string;
  readonly nodePort: number;
  /** Called with the folder of certificates before the start. */
  readonly prepare?: (certificates: string) => Promise<void>;
};

/** Resolves when the health check says so. */
export async function startHttpsProxy({
  folder,
  domain,
  siteUrl,
  nodePort,
  prepare,
}: Options): Promise<HttpsProxy> {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const inside = (name: string): string => join(folder, name);
  await rm(folder, { recursive: true, force: true });
  for (const name of ['run', 'certificates', 'challenges']) await mkdir(inside(name), { recursive: true });
  await cp(join(projectRoot(), 'deploy'), inside('deploy'), { recursive: true });
  for (const name of ['upstream.conf', 'upstream-pages.conf'])
    await writeFile(inside(`deploy/${name}`), `server 127.0.0.1:${nodePort} max_fails=0;\n`);
  // Without a DOMAIN this is where it listens.
  await writeFile(inside('deploy/listen.conf'), `listen 127.0.0.1:${httpPort};\n`);
  await prepare?.(inside('certificates'));

  const env = {
    PATH: `${process.env.PATH ?? ''}:/usr/sbin`,
    DOMAIN: domain,
    SITE_URL: siteUrl,
    NGINX_FOLDER: inside('run'),
    CERTIFICATES_FOLDER: inside('certificates'),
    CHALLENGES_FOLDER: inside('challenges'),
    HTTP_LISTEN: `127.0.0.1:${httpPort}`,
    HTTPS_LISTEN: `127.0.0.1:${httpsPort}`,
    NGINX_DIRECTIVES: process.getuid?.() === 0 ? 'user root;' : '',
  };
  const script = inside('deploy/nginx.sh');
  // Files, since nginx opens /dev/stdout by its name, which fails for the sockets that Node calls pipes.
  const [output, errors] = [await open(inside('stdout'), 'w'), await open(inside('stderr'), 'w')];
  const child = spawn('sh', [script], { env, detached: true, stdio: ['ignore', output.fd, errors.fd] });
  const said = () => readFile(inside('stderr'), 'utf8');
  const isHealthy = () =>
    promisify(execFile)('sh', [script, 'health'], { env }).then(
      () => true,
      () => false,
    );
  const stop = async (): Promise<void> => {
    await endGroup(child);
    await Promise.all([output.close(), errors.close()]);
  };
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`It ended:\n${await said()}`);
      return isHealthy();
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    httpPort,
    httpsPort,
    pid: child.pid ?? 0,
    certificates: inside('certificates'),
    challenges: inside('challenges'),
    said,
    isHealthy,
    workers: () => workersOf(child.pid ?? 0),
    stop,
  };
}

/** Ends a program that was started `detached`, and all that it has started. */
export async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGTERM');
  await ended;
}

/** Workers of an nginx, also those that only end what they have begun. */
async function workersOf(master: number): Promise<readonly string[]> {
  const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8');
  const pids = children.split(' ').filter(Boolean);
  const titles = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_pid, index) => titles[index]?.startsWith('nginx: worker'));
}

/** Puts a certificate for the name, signed by itself, into the folder, with a key of its own, valid for a day. */
export async function writeCertificate(folder: string, name: string): Promise<void> {
  const making = join(folder, 'making');
  await mkdir(making, { recursive: true });
  const [certificate, key] = [join(making, 'fullchain.pem'), join(making, 'privkey.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '1', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`],
    ...['-keyout', key, '-out', certificate],
  ]);
  await rename(key, join(folder, 'privkey.pem'));
  await rename(certificate, join(folder, 'fullchain.pem'));
  await rm(making, { recursive: true });
}
