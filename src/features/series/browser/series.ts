import { countDown } from '../../../web/browser/countdown';
import { LOCALE } from '../../../web/browser/locale';

const inDays = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', year: 'numeric' });
const inFull = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'full', timeStyle: 'long' });

// The day that it was, or will be, where the visitor is: the server wrote that of UTC.
for (const element of document.querySelectorAll<HTMLTimeElement>('time[data-local-day]')) {
  const date = new Date(element.dateTime);
  element.textContent = inDays.format(date);
  element.title = inFull.format(date);
}

// Also where nothing is announced yet. No live region: it changes every second.
const next = document.querySelector('[data-countdown-words]');
if (next) {
  followTime(next);
  window.setInterval(() => followTime(next), 1_000);
}

/** A broadcast that is over makes room for the one that follows it. */
function followTime(root: ParentNode): void {
  countDown(root);
  for (const element of root.querySelectorAll<HTMLElement>('[data-until]'))
    element.hidden = Date.parse(element.dataset.until ?? '') <= Date.now();
}
