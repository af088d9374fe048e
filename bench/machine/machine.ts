import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** Where results come from. */
export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Version of nginx, where it is installed. */
  readonly nginx: string | undefined;
  /** Longest queue of connections that wait to be accepted. */
  readonly somaxconn: number | undefined;
  readonly descriptors: string;
  /** Server and load are kept on cores of their own. */
  readonly isPinned: boolean;
};

export function describeMachine(nginx: string | undefined, isPinned: boolean): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    nginx: nginx && nginxVersion(nginx),
    somaxconn: readNumber('/proc/sys/net/core/somaxconn'),
    descriptors: /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '',
    isPinned,
  };
}

function nginxVersion(nginx: string): string {
  // It writes its version to standard error.
  const text = execFileSync('sh', ['-c', '"$0" -v 2>&1', nginx], { encoding: 'utf8' });
  return text.trim().replace(/^.*nginx\//, '');
}

function readNumber(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
