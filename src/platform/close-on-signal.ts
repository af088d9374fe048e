/** Those by which a terminal, or whoever started it, ends a process that has not said what else it does. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const closers = new Set<() => Promise<void>>();
let isEnding = false;

/**
 * Closes what would outlive this process when a signal ends it. Only where nobody else listens to that signal: who does ends the
 * process in a way of its own, and closes it then. A second signal ends the process at once.
 * @returns a function that takes it back
 */
export function closeOnSignal(close: () => Promise<void>): () => void {
  if (closers.size === 0) for (const signal of ENDING) process.on(signal, end);
  closers.add(close);
  return () => {
    closers.delete(close);
    if (closers.size === 0) for (const signal of ENDING) process.off(signal, end);
  };
}

function end(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  const die = (): void => {
    process.off(signal, end);
    process.kill(process.pid, signal);
  };
  if (isEnding) return die();
  isEnding = true;
  void Promise.allSettled([...closers].map((close) => close())).then(die);
}

/** What fails from now on fails since the process ends. */
export function endsBySignal(): boolean {
  return isEnding;
}
