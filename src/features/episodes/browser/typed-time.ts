import { askAtRest } from '../../../web/browser/ask-at-rest';
import { say } from '../../../web/browser/say-while-typing';

/**
 * Says beside a field for a time what that means, by asking the server, which knows when clocks are changed in the zone of the
 * account. Whoever types a time means it: “At” is chosen then. Whoever chooses “Now” instead means no time, and gets it back
 * where they change their mind.
 */
export function sayTypedTimes(form: HTMLFormElement): void {
  const zone = form.querySelector<HTMLInputElement>('[data-time-zone]');
  for (const root of form.querySelectorAll<HTMLElement>('[data-typed-time]')) {
    const input = root.querySelector('input');
    const output = root.querySelector<HTMLElement>('[data-time-said]');
    const choice = (value: string) =>
      form.querySelector<HTMLInputElement>(`[name="status"][value="${value}"]`);
    const [now, at] = [choice('published'), choice('scheduled')];
    if (!input || !output || !zone || !now || !at) continue;

    const ask = askAtRest(
      () => `${root.dataset.typedTime}?${new URLSearchParams({ text: input.value, zone: zone.value })}`,
      (said) => say(output, said),
    );
    let laidAside = '';
    form.addEventListener('input', ({ target }) => {
      if (target === input && input.value !== '') at.checked = true;
      if (target === now && 'now' in now.dataset && input.value !== '') {
        laidAside = input.value;
        input.value = '';
      } else if (target === at && input.value === '') input.value = laidAside;
      else if (target !== input && target !== form) return;
      ask();
    });
  }
}
