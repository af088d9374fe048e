import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from './ports';
import { Service, type ServiceOptions } from './service';

export type Redis = { readonly service: Service; readonly url: string };

/** Starts a Redis that keeps nothing, on a free port of this machine. Resolves when it takes connections. */
export async function startRedis(
  options: Partial<ServiceOptions> & { readonly program: string; readonly signal?: AbortSignal },
): Promise<Redis> {
  const { program, signal, ...rest } = options;
  const port = await freePort();
  const service = new Service(
    { name: 'redis', ...rest },
    {
      file: program,
      args: [
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
  return { service, url: `redis://127.0.0.1:${port}` };
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
