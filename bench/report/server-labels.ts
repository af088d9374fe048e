import type { ServerName } from '../servers/server-under-test';

export const SERVER_LABELS: Readonly<Record<ServerName, string>> = {
  floor: 'C, one send() each',
  http: 'node http',
  'better-sse': 'better-sse',
  nchan: 'nginx nchan',
  nipnime: 'nipnime',
  'nipnime-gzip': 'nipnime, gzip',
};
