import { wordOf } from '../../../web/browser/words';
import type { FollowStore } from './store';

/** The button on the page of a series. @param onChange the list is another one */
export function offerToFollow(store: FollowStore, onChange: () => void): void {
  const button = document.querySelector<HTMLButtonElement>('[data-follow]');
  if (!button) return;
  const note = document.querySelector('[data-follow-note]');
  const { follow: id = '', slug = '', title = '' } = button.dataset;
  const show = (): void => button.setAttribute('aria-pressed', String(store.follows(id)));
  show();
  button.hidden = false;
  button.addEventListener('click', () => {
    const wasFollowed = store.follows(id);
    const isDone = wasFollowed ? store.unfollow(id) : store.follow({ id, slug, title, since: Date.now() });
    show();
    if (isDone) onChange();
    note?.replaceChildren(...noteOf(note, isDone, wasFollowed));
  });
  // Another tab.
  window.addEventListener('storage', show);
}

function noteOf(note: Element, isDone: boolean, wasFollowed: boolean): (string | Node)[] {
  if (!isDone) return [wordOf(note, 'refused')];
  if (wasFollowed) return [wordOf(note, 'ended')];
  const link = Object.assign(document.createElement('a'), {
    href: '/following',
    textContent: wordOf(note, 'list'),
  });
  const [before = '', after = ''] = wordOf(note, 'kept', { list: '\n' }).split('\n');
  return [before, link, after];
}
