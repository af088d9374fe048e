import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../platform/project';
import { Service, type ServiceOptions } from './service';

export type Nginx = {
  readonly service: Service;
  /** The file of JSON lines, one for each answer. */
  readonly accessLog: string;
  /** Sends new requests to these ports of 127.0.0.1, shortly after; streams that are open stay where they are. */
  reload(upstreamPorts: readonly number[]): Promise<void>;
  stop(): Promise<void>;
};

type NginxOptions = Partial<ServiceOptions> & {
  /** Path of the program. */
  readonly program: string;
  readonly host?: string;
  readonly port: number;
  /** Ports of the nodes, on 127.0.0.1. */
  readonly upstreamPorts: readonly number[];
  /** Folder for nginx's files; made if missing. */
  readonly folder: string;
  readonly signal?: AbortSignal;
};

/** The files of deploy/ that are used as they are. */
const SHIPPED = ['nginx.conf', 'header-values.conf', 'headers.conf'] as const;

/**
 * Writes deploy/nginx.conf as it is shipped, and the files that it includes.
 * @param listen what becomes listen.conf
 * @param upstreams addresses of the nodes, as nginx writes them
 */
export async function writeNginxFiles(
  folder: string,
  listen: string,
  upstreams: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of SHIPPED) await copyFile(join(projectRoot(), 'deploy', name), join(folder, name));
  await writeFile(join(folder, 'listen.conf'), listen);
  await writeUpstream(folder, upstreams);
}

/** Starts nginx on deploy/nginx.conf as it is shipped. Resolves when it listens. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const { program, host = '127.0.0.1', port, upstreamPorts, folder, signal, ...service } = options;
  const listen = `listen ${host.includes(':') ? `[${host}]` : host}:${port};\n`;
  await writeNginxFiles(folder, listen, upstreamPorts.map(onThisMachine));

  const accessLog = join(folder, 'access.log');
  // A file, since nginx opens /dev/stdout by its name, which fails for the sockets that Node calls pipes.
  const output = await open(accessLog, 'a');
  const nginx = new Service(
    { name: 'nginx', ...service },
    {
      file: program,
      args: [
        '-p',
        folder,
        '-c',
        join(folder, 'nginx.conf'),
        '-e',
        'stderr',
        '-g',
        `daemon off; ${account()}`,
      ],
      stdout: output.fd,
    },
  );
  const stop = async (): Promise<void> => {
    await nginx.stop();
    await output.close();
  };
  try {
    // It writes its pid down when it listens. That something answers on the port would not tell whether it is this nginx.
    await nginx.untilReady(async () => (await readPid(folder)) === nginx.pid, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    service: nginx,
    accessLog,
    async reload(ports) {
      await writeUpstream(folder, ports.map(onThisMachine));
      nginx.kill('SIGHUP');
    },
    stop,
  };
}

/** Root's nginx would run its workers as nobody, who can't get to the bodies that they put aside in root's folders. */
function account(): string {
  if (process.getuid?.() !== 0) return '';
  return `user root ${process.platform === 'darwin' ? 'wheel' : 'root'};`;
}

function onThisMachine(port: number): string {
  return `127.0.0.1:${port}`;
}

/** As deploy/ has them, with the nodes of this machine. */
const UPSTREAMS = {
  'upstream.conf': 'max_fails=0',
  'upstream-pages.conf': 'max_fails=1 fail_timeout=2s',
} as const;

async function writeUpstream(folder: string, upstreams: readonly string[]): Promise<void> {
  for (const [file, failures] of Object.entries(UPSTREAMS)) {
    const servers = upstreams.map((upstream) => `server ${upstream} ${failures};\n`);
    await writeFile(join(folder, file), servers.join(''));
  }
}

async function readPid(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'nginx.pid'), 'utf8').catch(() => '');
  return text.trim() === '' ? undefined : Number(text);
}
