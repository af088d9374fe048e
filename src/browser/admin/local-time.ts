const toTheMinute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short' });
const toTheSecond = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'medium' });

/** Says under a field that takes a time in UTC what time that is here. */
export function showLocalTime(form: HTMLFormElement): void {
  for (const input of form.querySelectorAll<HTMLInputElement>('[data-utc]')) {
    const output = document.createElement('output');
    output.className = 'field__hint';
    output.htmlFor.add(input.id);
    input.after(output);
    const update = (): void => {
      const time = new Date(`${input.value}Z`);
      const format = time.getTime() % 60_000 === 0 ? toTheMinute : toTheSecond;
      output.textContent = Number.isNaN(time.getTime()) ? '' : `For you: ${format.format(time)}`;
    };
    input.addEventListener('input', update);
    update();
  }
}
