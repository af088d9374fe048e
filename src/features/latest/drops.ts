import type { Words } from '../../web/words';
import type { PublicEpisode } from '../episodes/public';
import { seriesPath } from '../series/fields';
import { type GridEpisode, MAX_COUNTED } from './repository';

/** An item as `views/latest/grid.ejs` shows it. */
export type GridItem = {
  readonly html: string;
  /** What it leads, to be opened behind it. */
  readonly drop?: ReturnType<typeof dropView>;
};

/** The first row, or what is above the fold of a narrow window. */
const EAGER_ITEMS = 6;

/**
 * The items of a page, in their order: the first one of a drop leads it, the others stand behind it, out of sight until it is opened.
 * @param inPage the element of an item; none where it can't be rendered
 */
export function gridItems(
  { t }: Words,
  found: readonly GridEpisode[],
  inPage: (episode: PublicEpisode) => readonly { readonly html: string }[],
): readonly GridItem[] {
  const drops = new Map<string, number>();
  let inSight = 0;
  return found.flatMap(({ episode, dropSize }) => {
    const [item] = inPage(episode);
    if (!item) return [];
    const name = dropName(episode);
    const number = drops.get(name);
    if (number !== undefined) return [{ html: withAttribute(item.html, 'data-page-drop', number) }];
    const html = inSight < EAGER_ITEMS ? eager(item.html, inSight === 0) : item.html;
    inSight++;
    if (dropSize === 0) return [{ html }];
    drops.set(name, drops.size + 1);
    return [
      {
        html,
        drop: dropView(episode, { id: name, number: drops.size, countText: countText(t, dropSize) }),
      },
    ];
  });
}

/** A series, and a day in UTC. */
function dropName({ seriesId, publishedAt }: PublicEpisode): string {
  return `drop-${seriesId}-${publishedAt.slice(0, 10)}`;
}

/** What `views/latest/drop.ejs` shows. @param number of the drops of the page, which the style sheet goes by */
function dropView(
  episode: PublicEpisode,
  drop: { readonly id: string; readonly number: number; readonly countText: string },
) {
  return {
    ...drop,
    seriesTitle: episode.seriesTitle,
    seriesTitleLanguage: episode.seriesTitleLanguage,
    seriesUrl: seriesPath(episode.seriesSlug),
  };
}

function countText(t: Words['t'], size: number): string {
  return size < MAX_COUNTED ? t('drop.count', { count: size }) : t('drop.atLeast', { count: MAX_COUNTED });
}

/** With its picture loaded before it is known where that stands, as `views/live/items.ejs` has it; the first one's ahead of the scripts. */
function eager(html: string, isFirst: boolean): string {
  return html.replace('loading="lazy"', `loading="eager"${isFirst ? ' fetchpriority="high"' : ''}`);
}

/** Of an item's element, which is an `<li>`. What a page adds there begins with `data-page-`, and is no part of the item. */
function withAttribute(html: string, name: string, value: number): string {
  return html.replace(/^<li/, `<li ${name}="${value}"`);
}
