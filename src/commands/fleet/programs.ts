import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export type Programs = {
  /** Paths. */
  readonly nginx: string;
  /** Of redis-server or valkey-server; undefined where none is needed. */
  readonly redis: string | undefined;
};

/** Where servers are that are not on every account's PATH. */
const SERVER_FOLDERS: readonly string[] = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

const INSTALL = {
  nginx: 'nginx          Debian: apt-get install nginx          macOS: brew install nginx',
  redis:
    'redis-server   Debian: apt-get install redis-server   macOS: brew install redis   (or set REDIS_URL)',
} as const;

/** @throws an error that names what is missing, each with the command that installs it */
export function findPrograms(
  path: string | undefined,
  needs: { readonly redis: boolean },
  serverFolders = SERVER_FOLDERS,
): Programs {
  const nginx = findProgram(['nginx'], path, serverFolders);
  const redis = needs.redis ? findProgram(['redis-server', 'valkey-server'], path, serverFolders) : undefined;
  const missing = [...(nginx ? [] : [INSTALL.nginx]), ...(needs.redis && !redis ? [INSTALL.redis] : [])];
  if (!nginx || missing.length > 0) {
    throw new Error(`not everything that is needed is installed here:\n  ${missing.join('\n  ')}`);
  }
  return { nginx, redis };
}

/** Path of nginx, if there is one. */
export function findNginx(path: string | undefined): string | undefined {
  return findProgram(['nginx'], path, SERVER_FOLDERS);
}

function findProgram(
  names: readonly string[],
  path: string | undefined,
  serverFolders: readonly string[],
): string | undefined {
  const folders = [...(path ?? '').split(delimiter).filter((folder) => folder !== ''), ...serverFolders];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
