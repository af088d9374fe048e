import { unescapeHtml } from '../../live/state/list-markup';

// It stops where the next match could begin.
const TITLE = /<[^<>]*\sdata-item-title(?:[\s=][^<>]*)?>([^<>]*)/g;

/** `Frieren – Episode 12`: the words that the item's html marks as its title. */
export function itemTitle(html: string): string {
  const parts = [...html.matchAll(TITLE)].map(([, text = '']) =>
    unescapeHtml(text).replace(/\s+/g, ' ').trim(),
  );
  return parts.join(' – ');
}
