import type { ServerName } from '../servers/server-under-test';

export const SERVER_LABELS: Readonly<Record<ServerName, string>> = {
  floor: 'C, one send() each',
  http: 'node http',
  'better-sse': 'better-sse',
  nchan: 'nginx nchan',
  nipnime: 'nipnime',
  'nipnime-gzip': 'nipnime, gzip',
  'nchan-tls': 'nginx nchan, TLS',
  'nipnime-nginx': 'nipnime behind nginx',
  'nipnime-nginx-small': 'nipnime behind nginx, buffers of 2 KiB',
  'nipnime-nginx-unix': 'nipnime behind nginx, Unix socket to the node',
  'nipnime-tls': 'nipnime, TLS in the node',
  'nipnime-nginx-tls': 'nipnime behind nginx, TLS',
  'nipnime-nginx-tls-small': 'nipnime behind nginx, TLS, buffers of 2 KiB',
  'nipnime-nginx-tls-unix': 'nipnime behind nginx, TLS, Unix socket to the node',
  'nipnime-stream-tls': 'nipnime behind nginx stream, TLS',
};
