const FORMAT: Intl.DateTimeFormatOptions = {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
};

const thisYear = new Intl.DateTimeFormat('en-GB', FORMAT);
const otherYear = new Intl.DateTimeFormat('en-GB', { ...FORMAT, year: 'numeric' });
const inFull = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** Writes every `<time data-local-time>` within `root` in the visitor's time zone; the server wrote it in UTC. */
export function localizeTimes(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[data-local-time]')) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    const isThisYear = date.getFullYear() === new Date().getFullYear();
    element.textContent = (isThisYear ? thisYear : otherYear).format(date);
    element.title = inFull.format(date);
  }
}
