import { keepLive, type LiveElements } from './live/live-page';

const find = <E extends HTMLElement>(name: string): E | null => document.querySelector<E>(`[data-${name}]`);

const elements = {
  grid: find('live-grid'),
  announcer: find('live-announcer'),
  state: find('live-state'),
  liveSwitch: find<HTMLButtonElement>('live-switch'),
  pill: find<HTMLButtonElement>('new-cards'),
  toast: find('toast'),
  toastLink: find<HTMLAnchorElement>('toast-link'),
  toastDismiss: find('toast-dismiss'),
};

if (isComplete(elements) && 'EventSource' in window) keepLive(elements);

function isComplete(
  found: { readonly [Name in keyof LiveElements]: LiveElements[Name] | null },
): found is LiveElements {
  return Object.values(found).every((element) => element !== null);
}
