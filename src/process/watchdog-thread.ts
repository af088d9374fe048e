import { writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { workerData } from 'node:worker_threads';
import type { WatchdogData } from './watchdog';

const { beats, lookMs, looks }: WatchdogData = workerData;
const STDERR = 2;
let last = -1;
let same = 0;

setInterval(() => {
  const count = Atomics.load(beats, 0);
  same = count === last ? same + 1 : 0;
  last = count;
  if (same < looks) return;
  const msg = `The process hangs: it did nothing for ${(looks * lookMs) / 1_000} s, and is ended`;
  // Not by the log, which is the process's own.
  const line = { level: 60, time: Date.now(), pid: process.pid, hostname: hostname(), msg };
  writeSync(STDERR, `${JSON.stringify(line)}\n`);
  process.kill(process.pid, 'SIGKILL');
}, lookMs);
