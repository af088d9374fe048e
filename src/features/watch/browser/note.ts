import { wordOf } from '../../../web/browser/words';

const SHOWN_MS = 2_000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** What is said over the player: a word of its note, and what is put into it. */
export type Saying = readonly [word: string, values?: Readonly<Record<string, string | number>>];

/** Says something over the player for a moment. */
export function sayOverPlayer(saying: Saying): void {
  const note = document.querySelector<HTMLElement>('[data-player-note]');
  if (!note) return;
  note.textContent = wordOf(note, ...saying);
  clearTimeout(timer);
  timer = setTimeout(() => {
    note.textContent = '';
  }, SHOWN_MS);
}
