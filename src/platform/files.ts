import type { Stats } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The account that the server runs as, where it is not the caller's own. */
export type Account = { readonly uid: number; readonly gid: number };

/** Makes a folder, and those above it, that every account can enter; what is there already is left as it is. */
export async function makeOpenFolder(folder: string): Promise<void> {
  for (const step of withAncestors(folder).reverse()) {
    if (await exists(step)) continue;
    await mkdir(step, { recursive: true });
    // mkdir's own mode goes through the umask, and a strict one would have closed the folder.
    await chmod(step, 0o755);
  }
}

/** Makes a folder to prepare something in, and removes those that dead processes left behind. */
export async function makeFreshFolder(parent: string): Promise<string> {
  for (const name of await readdir(parent)) {
    const pid = /^new-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
  return mkdtemp(join(parent, `new-${process.pid}-`));
}

/** Puts a finished folder in its place; if another process was faster, its folder stays. */
export async function renameUnlessThere(fresh: string, place: string): Promise<void> {
  try {
    await rename(fresh, place);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!(await exists(place))) throw error;
  }
}

export const ENTER = 1;
export const READ = 4;

/** Returns whether the mode bits let the account reach `path` and do there what `bits` say. */
export async function canReach(path: string, account: Account, bits: number): Promise<boolean> {
  if (!permits(await stat(path), account, bits)) return false;
  for (const folder of withAncestors(dirname(path))) {
    if (!permits(await stat(folder), account, ENTER)) return false;
  }
  return true;
}

function permits(stats: Stats, account: Account, bits: number): boolean {
  const shift = stats.uid === account.uid ? 6 : stats.gid === account.gid ? 3 : 0;
  return ((stats.mode >> shift) & bits) === bits;
}

export function withAncestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...withAncestors(parent)];
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

export function lastLines(text: string, count = 10): string {
  return text.trim().split('\n').slice(-count).join('\n');
}

/** The code of a system or database error, e.g. `ENOENT` or `28P01`. */
export function errorCode(error: unknown): string | undefined {
  return stringField(error, 'code');
}

export function stringField(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field: unknown = Reflect.get(value, name);
  return typeof field === 'string' ? field : undefined;
}
