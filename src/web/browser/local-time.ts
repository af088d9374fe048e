import { LOCALE } from './locale';

const FORMAT: Intl.DateTimeFormatOptions = {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
};

const thisYear = new Intl.DateTimeFormat(LOCALE, FORMAT);
const otherYear = new Intl.DateTimeFormat(LOCALE, { ...FORMAT, year: 'numeric' });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit' });
const inFull = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'full', timeStyle: 'long' });

/** Writes every `<time data-local-time>` within `root` in the visitor's time zone; the server wrote it in UTC. `clock`: without its day. */
export function localizeTimes(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[data-local-time]')) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    const isThisYear = date.getFullYear() === new Date().getFullYear();
    const format = element.dataset.localTime === 'clock' ? clock : isThisYear ? thisYear : otherYear;
    element.textContent = format.format(date);
    element.title = inFull.format(date);
  }
}
