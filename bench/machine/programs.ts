import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const SERVER_FOLDERS: readonly string[] = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/opt/homebrew/bin'];
const NGINX_MODULE_FOLDERS: readonly string[] = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules'];

/** Paths; undefined where something is not installed. */
export type Programs = {
  readonly compiler: string | undefined;
  readonly nginx: string | undefined;
  /** The file of nginx's module for event streams. https://nchan.io */
  readonly nchanModule: string | undefined;
  /** The file of nginx's module for anything over TCP. https://nginx.org/en/docs/stream/ngx_stream_core_module.html */
  readonly streamModule: string | undefined;
  readonly openssl: string | undefined;
  readonly redis: string | undefined;
  readonly taskset: string | undefined;
  readonly varnish: string | undefined;
};

export function findPrograms(path: string | undefined): Programs {
  const folders = [...(path ?? '').split(delimiter).filter((folder) => folder !== ''), ...SERVER_FOLDERS];
  const find = (...names: string[]): string | undefined =>
    names
      .flatMap((name) => folders.map((folder) => join(folder, name)))
      .find((file) => may(file, constants.X_OK));
  const findModule = (name: string): string | undefined =>
    NGINX_MODULE_FOLDERS.map((folder) => join(folder, name)).find((file) => may(file, constants.R_OK));
  return {
    compiler: find('cc', 'gcc', 'clang'),
    nginx: find('nginx'),
    nchanModule: findModule('ngx_nchan_module.so'),
    streamModule: findModule('ngx_stream_module.so'),
    openssl: find('openssl'),
    redis: find('redis-server', 'valkey-server'),
    taskset: find('taskset'),
    varnish: find('varnishd'),
  };
}

function may(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}
