import { readFileSync } from 'node:fs';
import { createServer, Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/**
 * Loaded ahead of the site into its process: a second way to its HTTP server, of a kind that the site has no setting for. At
 * BENCH_FRONT_LISTEN, the path of a Unix socket or a port, over TLS where there is a BENCH_FRONT_CERT.
 */
const { PORT, BENCH_FRONT_LISTEN = '', BENCH_FRONT_CERT, BENCH_FRONT_KEY } = process.env;
const { listen } = Server.prototype;

Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
  const [options] = args;
  // The site's server of metrics listens, too.
  if (options instanceof Object && 'port' in options && options.port === Number(PORT)) openFront(this);
  return Reflect.apply(listen, this, args);
};

function openFront(site: Server): void {
  const pass = (socket: Socket): void => void site.emit('connection', socket);
  const front =
    BENCH_FRONT_CERT && BENCH_FRONT_KEY
      ? createTlsServer(
          {
            cert: readFileSync(BENCH_FRONT_CERT),
            key: readFileSync(BENCH_FRONT_KEY),
            minVersion: 'TLSv1.3',
            noDelay: true,
            allowHalfOpen: true,
          },
          pass,
        )
      : createServer({ noDelay: true, allowHalfOpen: true }, pass);
  const backlog = 32_768;
  const isPort = /^\d+$/.test(BENCH_FRONT_LISTEN);
  Reflect.apply(listen, front, [
    isPort
      ? { port: Number(BENCH_FRONT_LISTEN), host: '127.0.0.1', backlog }
      : { path: BENCH_FRONT_LISTEN, backlog },
  ]);
  front.unref();
}
