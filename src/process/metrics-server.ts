import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import type { Logger } from '../platform/log';

type MetricsServer = {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  close(): void;
};

/** Enough for every Prometheus that asks at the same time. */
const MAX_CONNECTIONS = 100;

/**
 * Serves `GET /metrics` for Prometheus on a port of its own, which no proxy in front of the site leads to.
 * Resolves when it listens.
 * @param readMetrics the figures of all processes that share the site's port
 */
export async function serveMetrics(
  { port, host }: { readonly port: number; readonly host: string },
  readMetrics: () => Promise<string>,
  log: Logger,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    response.setHeader('Cache-Control', 'no-store').setHeader('Content-Type', 'text/plain; charset=utf-8');
    if (request.url !== '/metrics') return response.writeHead(404).end('Metrics are at /metrics.\n');
    if (request.method !== 'GET')
      return response.writeHead(405, { Allow: 'GET' }).end('Metrics are read by GET.\n');
    readMetrics().then(
      (text) => response.setHeader('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE).end(text),
      (error: unknown) => {
        log.warn({ err: error }, 'The metrics could not be read');
        response.writeHead(503).end('The metrics could not be read; the log says why.\n');
      },
    );
    return undefined;
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ port, host });
  await once(server, 'listening');
  const { address, family, port: listening } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${listening}`;
  log.info(`Metrics are at ${url}/metrics`);
  return {
    url,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
