import { wordOf } from './words';

/** Writes how long it is until then into every `[data-countdown]` within `root`, in the words of `[data-countdown-words]`. */
export function countDown(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>('[data-countdown]')) {
    const { countdown = '', atZero = '' } = element.dataset;
    const text = remaining(Date.parse(countdown) - Date.now()) ?? atZero;
    if (element.textContent !== text) element.textContent = text;
  }
}

/** `in 2 d 3 h`, `in 3 h 20 min`, `in 12:04`; undefined when there is nothing left. */
function remaining(ms: number): string | undefined {
  const words = document.querySelector('[data-countdown-words]');
  const seconds = Math.ceil(ms / 1_000);
  if (seconds <= 0) return undefined;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return wordOf(words, 'days', { days: Math.floor(hours / 24), hours: hours % 24 });
  if (hours > 0) return wordOf(words, 'hours', { hours, minutes: minutes % 60 });
  return wordOf(words, 'minutes', { time: `${minutes}:${String(seconds % 60).padStart(2, '0')}` });
}
