import { readdirSync, readFileSync } from 'node:fs';

/** Processor time in nanoseconds that the processes and their children have used so far. */
export function cpuNs(...pids: readonly number[]): number {
  return pids.flatMap(family).reduce((sum, each) => sum + ownCpuNs(each), 0);
}

/** Memory of the processes and their children, in KiB. */
export function rssKiB(...pids: readonly number[]): number {
  return pids.flatMap(family).reduce((sum, each) => {
    const [, text = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${each}/status`, 'utf8')) ?? [];
    return sum + Number(text);
  }, 0);
}

/** Open descriptors of the processes and their children. */
export function descriptors(...pids: readonly number[]): number {
  return pids.flatMap(family).reduce((sum, each) => sum + readdirSync(`/proc/${each}/fd`).length, 0);
}

/** By thread, since /proc/PID/stat counts in hundredths of a second. */
function ownCpuNs(pid: number): number {
  return threads(pid).reduce((sum, thread) => {
    const [ns = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return sum + Number(ns);
  }, 0);
}

function family(pid: number): readonly number[] {
  const children = threads(pid).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(family)];
}

function threads(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch (cause) {
    throw new Error(`The process ${pid} that is measured has ended.`, { cause });
  }
}
