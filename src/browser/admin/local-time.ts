const FORMAT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short' });

/** Says under a field that takes a time in UTC what time that is here. */
export function showLocalTime(form: HTMLFormElement): void {
  for (const input of form.querySelectorAll<HTMLInputElement>('[data-utc]')) {
    const output = document.createElement('output');
    output.className = 'field__hint';
    output.htmlFor.add(input.id);
    input.after(output);
    const update = (): void => {
      const time = new Date(`${input.value}Z`);
      output.textContent = Number.isNaN(time.getTime()) ? '' : `For you: ${FORMAT.format(time)}`;
    };
    input.addEventListener('input', update);
    update();
  }
}
