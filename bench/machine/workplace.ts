import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './cleanup';
import { compile } from './compile';
import { describeMachine, type Machine } from './machine';
import { Pinning } from './pinning';
import { findPrograms, type Programs } from './programs';

/** Where and with what is measured. */
export type Workplace = {
  readonly programs: Programs;
  readonly pinning: Pinning;
  readonly machine: Machine;
  readonly cleanup: Cleanup;
  /** For files; removed at the end. */
  readonly folder: string;
};

/** @throws an error that says what is missing on this machine */
export async function openWorkplace(cleanup: Cleanup, path: string | undefined): Promise<Workplace> {
  if (process.platform !== 'linux') throw new Error('the bench reads /proc and uses epoll: it needs Linux.');
  const programs = findPrograms(path);
  compile(programs.compiler);
  const pinning = new Pinning(programs.taskset);
  pinning.pinLoad();
  const folder = await mkdtemp(join(tmpdir(), 'nipnime-bench-'));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  return { programs, pinning, machine: describeMachine(programs.nginx, pinning.isPinned), cleanup, folder };
}
