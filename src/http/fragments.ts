import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ejs from 'ejs';
import type { UpsertEvent } from '../changes/change-event';
import type { RenderedCard } from '../realtime/sse-frame';
import { type CardView, cardView } from './card-view';

export type CardRenderer = (event: UpsertEvent) => RenderedCard;

/** Renders the card that the stream carries, by the partial that the pages include. */
export function createCardRenderer(viewsFolder: string): CardRenderer {
  const filename = join(viewsFolder, 'partials', 'card.ejs');
  const render = ejs.compile(readFileSync(filename, 'utf8'), { filename });
  return (event) => {
    const card: CardView = cardView(event.episode, event.seq);
    return {
      title: `${card.seriesTitle} – ${card.label}`,
      url: card.url,
      html: render({ card }).trim(),
    };
  };
}
