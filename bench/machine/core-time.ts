import { readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second, whatever its own clock is. */
const TICK_NS = 10_000_000;

/** Nanoseconds for which the core of servers was busy so far, with whatever; what its host took from it included. Interrupts are not. */
export function serverCoreNs(): number {
  return coreNsOf(readFileSync('/proc/stat', 'utf8'));
}

/** @param stat what /proc/stat tells; the core of servers is the first */
export function coreNsOf(stat: string): number {
  const [, text = ''] = /^cpu0 (.*)$/m.exec(stat) ?? [];
  const [user = 0, nice = 0, system = 0, _idle, _iowait, _irq, _softirq, steal = 0] = text
    .split(' ')
    .map(Number);
  return (user + nice + system + steal) * TICK_NS;
}
