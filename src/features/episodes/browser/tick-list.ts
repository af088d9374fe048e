/** Ticks all rows of a page at once, and says how many are. Without it each is ticked by itself. */
export function tickAllAtOnce(root: ParentNode): void {
  const all = root.querySelector<HTMLInputElement>('[data-tick-all]');
  const count = document.querySelector<HTMLElement>('[data-tick-count]');
  const boxes = [...root.querySelectorAll<HTMLInputElement>('[data-tick]')];
  if (!all || !count) return;
  const word = count.dataset.word ?? '';
  const none = count.textContent ?? '';

  const show = (): void => {
    const ticked = boxes.filter(({ checked }) => checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    count.textContent = ticked === 0 ? none : word.replace('{count}', String(ticked));
  };
  all.hidden = false;
  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener('change', show);
  // Back brings ticks along.
  window.addEventListener('pageshow', show);
  show();
}
