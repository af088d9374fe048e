import { localizeTimes } from '../../../web/browser/local-time';
import { countedWord, wordOf } from '../../../web/browser/words';
import { Addresses } from './addresses';
import { offerToFollow } from './follow-button';
import { listSeries, markNew } from './followed';
import { FollowStore } from './store';

const store = new FollowStore(() => localStorage);
const note = document.querySelector('[data-following-note]');
const addresses = new Addresses(store, (word) => tell(wordOf(note, word)));

offerToFollow(store, () => void addresses.update());
const list = document.querySelector<HTMLElement>('[data-following-list]');
if (list) showFollowing(list);

function tell(text: string): void {
  if (note) note.textContent = text;
}

/** The page of what is followed, which early/followed.ts has begun to show. */
function showFollowing(list: HTMLElement): void {
  // What was asked for is nothing to remember or to hand on: the list is on the device.
  history.replaceState(history.state, '', location.pathname);
  const keep = document.querySelector<HTMLElement>('[data-following-keep]');
  const refresh = async (): Promise<void> => {
    listSeries(store);
    try {
      await readList(list);
    } catch {
      tell(wordOf(note, 'unreadable'));
    }
    markNew(list, store);
  };
  const changed = (): void => {
    void addresses.update();
    void refresh();
  };
  if (keep) {
    addresses.offer(keep);
    offerFiles(keep, changed);
    keep.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest<HTMLElement>('[data-unfollow]') : null;
      if (!button) return;
      store.unfollow(button.dataset.unfollow ?? '');
      keep.querySelector<HTMLElement>('h2')?.focus();
      changed();
    });
  }
  list.addEventListener('click', ({ target }) => {
    const link = target instanceof Element ? target.closest('[data-item-link]') : null;
    const key = link?.closest<HTMLElement>('[data-key]')?.dataset.key;
    if (key) store.markOpened(key);
  });
  document.querySelector('[data-mark-read]')?.addEventListener('click', () => {
    store.markAllRead(Date.now());
    markNew(list, store);
    tell(wordOf(note, 'all-read'));
    document.querySelector<HTMLElement>('main')?.focus();
  });
  window.addEventListener('storage', () => void refresh());
  window.addEventListener('pageshow', ({ persisted }) => persisted && void refresh());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void refresh();
  });
  void refresh();
}

/** The same page, as the site makes it for these series. */
async function readList(list: HTMLElement): Promise<void> {
  const ids = store.series.map(({ id }) => id).join(',');
  const response = await fetch(ids ? `/following?series=${ids}` : '/following', {
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`The site answered ${response.status}.`);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const fresh = page.querySelector<HTMLElement>('[data-following-list]');
  if (!fresh) throw new Error('The page has no list.');
  // Where nothing has changed nothing is touched: somebody may be in it by keyboard.
  const keysOf = (root: ParentNode): string =>
    [...root.querySelectorAll<HTMLElement>('[data-key]')]
      .map(({ dataset }) => `${dataset.key} ${dataset.tag}`)
      .join();
  if (keysOf(fresh) === keysOf(list) && keysOf(list) !== '') return;
  list.replaceChildren(...fresh.childNodes);
  localizeTimes(list);
}

function offerFiles(root: ParentNode, changed: () => void): void {
  root.querySelector('[data-export]')?.addEventListener('click', () => {
    const url = URL.createObjectURL(new Blob([store.export()], { type: 'application/json' }));
    Object.assign(document.createElement('a'), { href: url, download: 'nipnime-following.json' }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
  const input = root.querySelector<HTMLInputElement>('[data-import]');
  const read = async (field: HTMLInputElement): Promise<void> => {
    const [file] = field.files ?? [];
    if (!file) return;
    const count = file.size > 1_000_000 ? undefined : store.import(await file.text(), Date.now());
    field.value = '';
    if (count === undefined) tell(wordOf(note, 'no-file', { name: file.name }));
    else if (note) tell(countedWord(note, 'added', count));
    if (count) changed();
  };
  input?.addEventListener('change', () => void read(input));
}
