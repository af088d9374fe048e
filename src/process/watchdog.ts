import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { projectRoot } from '../platform/project';

const BEAT_MS = 1_000;
/** Nothing that a process does takes nearly as long: 15 s in all. */
const LOOK_MS = 5_000;
const LOOKS = 3;

/** What the thread is given: the beats that the process counts, and how often it looks at them before it gives the process up. */
export type WatchdogData = { readonly beats: Int32Array; readonly lookMs: number; readonly looks: number };

/**
 * Ends this process when it hangs, by a thread of its own, so that whoever started it starts it again: its clients would wait for an end of
 * their connections that nobody else can bring about. What is stopped as a whole, such as a machine that sleeps, is not taken to hang.
 */
export function watchOverProcess(): void {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const data: WatchdogData = { beats, lookMs: LOOK_MS, looks: LOOKS };
  new Worker(join(projectRoot(), 'dist', 'process', 'watchdog-thread.js'), {
    workerData: data,
    // It has nothing to do with what the process was told to load, nor with its heap.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 8 },
  }).unref();
  setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS).unref();
}
