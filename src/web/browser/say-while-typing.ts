import { askAtRest } from './ask-at-rest';

/**
 * Has the server say in `[data-asks]`, an address, what comes of the fields that `data-of` names, whenever one of them changes. The
 * answer is `{ text, isProblem }`. `data-id` tells what the form is of.
 */
export function sayWhileTyping(form: HTMLFormElement): void {
  for (const output of form.querySelectorAll<HTMLElement>('[data-asks]')) {
    const { asks = '', of = '', id } = output.dataset;
    const names = of.split(' ');
    const ask = askAtRest(
      () => {
        const typed = new FormData(form);
        const query = new URLSearchParams(names.map((name) => [name, String(typed.get(name) ?? '')]));
        if (id !== undefined) query.set('id', id);
        return `${asks}?${query}`;
      },
      (said) => say(output, said),
    );
    form.addEventListener('input', ({ target }) => {
      const isOne =
        target === form || (target instanceof Element && names.includes(target.getAttribute('name') ?? ''));
      if (isOne) ask();
    });
  }
}

/** @param said `{ text, isProblem }` */
export function say(output: HTMLElement, said: unknown): void {
  if (typeof said !== 'object' || said === null || !('text' in said)) return;
  output.textContent = String(said.text);
  output.classList.toggle('field__said--problem', 'isProblem' in said && said.isProblem === true);
}
