import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './ports';
import { Service, type ServiceOptions } from './service';

export type Redis = { readonly service: Service; readonly url: string };

type RedisOptions = Partial<ServiceOptions> & {
  readonly program: string;
  /** A folder that only its owner can read. With one, Redis asks for a password, which is in the URL. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
};

/** Starts a Redis that keeps nothing, on a free port of this machine. Resolves when it takes connections. */
export async function startRedis(options: RedisOptions): Promise<Redis> {
  const { program, folder, signal, ...rest } = options;
  const port = await freePort();
  const password = folder === undefined ? undefined : randomBytes(24).toString('hex');
  const service = new Service(
    { name: 'redis', ...rest },
    {
      file: program,
      args: [
        ...(folder !== undefined && password !== undefined ? [await writeSettings(folder, password)] : []),
        ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        ...['--loglevel', 'warning'],
      ],
    },
  );
  try {
    await service.untilReady(() => isListening(port), signal);
  } catch (error) {
    await service.stop();
    throw error;
  }
  return { service, url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}` };
}

/** Writes the password to a file, since everybody on the machine can read a program's arguments. Returns the file's path. */
async function writeSettings(folder: string, password: string): Promise<string> {
  const path = join(folder, 'redis.conf');
  await writeFile(path, `requirepass ${password}\n`, { mode: 0o600 });
  return path;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
