import type { ServerName } from '../servers/server-under-test';

export const SERVER_LABELS: Readonly<Record<ServerName, string>> = {
  floor: 'C, one send() each',
  net: 'node net',
  'net-rounds': 'node net, in rounds',
  http: 'node http',
  'http-chunks': 'node http, own chunks',
  express: 'Express 5',
  'express-strings': 'Express 5, two strings',
  'express-compression': 'Express 5, compression',
  'better-sse': 'better-sse',
  nchan: 'nginx nchan',
  nipnime: 'nipnime',
  'nipnime-gzip': 'nipnime, gzip',
};

export function isOurs(name: ServerName): boolean {
  return name === 'nipnime' || name === 'nipnime-gzip';
}
