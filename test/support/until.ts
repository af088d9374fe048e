import { setTimeout as sleep } from 'node:timers/promises';

/** Far longer than anything here takes: it only ends a test that has failed. */
const PATIENCE_MS = 15_000;

/** Waits for the condition, looking every few milliseconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const giveUpMs = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > giveUpMs) throw new Error(`This never came true: ${condition}`);
    await sleep(5);
  }
}
