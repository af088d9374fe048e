import { keepLive } from '../../../live/browser/keep-live';
import { countDown } from '../../../web/browser/countdown';
import { LOCALE } from '../../../web/browser/locale';
import { noteOwnZone, OWN_ZONE } from '../../../web/browser/own-zone';
import { wordOf } from '../../../web/browser/words';

const clock = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit' });
const inFull = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'full', timeStyle: 'long' });

const schedule = document.querySelector<HTMLElement>('[data-schedule]');
if (schedule && !isShownAnew(schedule)) {
  localize(schedule);
  followTime(schedule);
  if ('EventSource' in window) void keepLive({ localize });
}

/** In the days of another zone: asked for again, now that the server knows. One that it doesn't know is left at what it knows. */
function isShownAnew({ dataset }: HTMLElement): boolean {
  if (dataset.zone === OWN_ZONE || !noteOwnZone('/schedule')) return false;
  location.reload();
  return true;
}

/** Writes times in the visitor's zone, and how long it is until then. */
function localize(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[data-clock]')) {
    const date = new Date(element.dateTime);
    element.textContent = clock.format(date);
    element.title = inFull.format(date);
  }
  const note = root.querySelector('[data-zone-note]');
  if (note) note.textContent = wordOf(note, 'own', { zone: clock.resolvedOptions().timeZone });
  countDown(root);
}

/** No live region: it changes every second. */
function followTime(root: HTMLElement): void {
  const tick = (): void => {
    countDown(root);
    for (const day of root.querySelectorAll<HTMLElement>('[data-day]')) hideKnown(day);
  };
  tick();
  window.setInterval(tick, 1_000);
}

/** A broadcast is no longer to be expected when an episode of its series has come into the day. */
function hideKnown(day: HTMLElement): void {
  const expected = day.querySelector<HTMLElement>('[data-expected-list]');
  if (!expected) return;
  const known = new Set(
    [...day.querySelectorAll<HTMLElement>('[data-live-items] > li')].map(({ dataset }) => dataset.series),
  );
  const items = [...expected.querySelectorAll<HTMLElement>('li')];
  for (const item of items) item.hidden = known.has(item.dataset.series);
  expected.hidden = items.every(({ hidden }) => hidden);
}
