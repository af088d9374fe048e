import { wordOf } from '../../../web/browser/words';
import { type Continued, ContinueList } from './continue-list';

const MAX_SHOWN = 6;

/** Fills the row of what can be gone on with, which is there already. */
export function showContinueRow(): void {
  const section = document.querySelector<HTMLElement>('[data-continue]');
  const list = section?.querySelector<HTMLElement>('[data-continue-items]');
  const template = section?.querySelector<HTMLTemplateElement>('[data-continue-item]');
  if (!section || !list || !template) return;
  const kept = new ContinueList(() => window.localStorage);
  const shown = kept.all().slice(0, MAX_SHOWN);
  section.hidden = shown.length === 0;
  list.replaceChildren(
    ...shown.map((each) => rowOf(template, each, wordOf(section, 'drop', { title: each.seriesTitle }))),
  );
  list.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>('[data-continue-drop]') : null;
    const item = button?.closest('li');
    if (!button || !item) return;
    kept.drop(button.dataset.continueDrop ?? '');
    const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector('a');
    item.remove();
    next?.focus();
    if (list.childElementCount === 0) section.hidden = true;
  });
}

/** @param dropWord what the button says that takes it out */
function rowOf(template: HTMLTemplateElement, each: Continued, dropWord: string): Node {
  const row = template.content.cloneNode(true);
  if (!(row instanceof DocumentFragment)) return row;
  const find = <E extends HTMLElement>(selector: string): E | null => row.querySelector<E>(selector);
  const [link, title, label] = [find<HTMLAnchorElement>('a'), find('[data-title]'), find('[data-label]')];
  const [progress, drop] = [find<HTMLProgressElement>('progress'), find('[data-continue-drop]')];
  if (link) link.href = each.url;
  if (title) {
    title.textContent = each.seriesTitle;
    title.lang = each.seriesTitleLanguage;
  }
  if (label) label.textContent = each.label;
  if (progress) {
    progress.hidden = each.durationSeconds <= 0;
    progress.max = Math.max(1, each.durationSeconds);
    progress.value = each.seconds;
  }
  if (drop) {
    drop.dataset.continueDrop = each.seriesId;
    drop.setAttribute('aria-label', dropWord);
  }
  return row;
}
