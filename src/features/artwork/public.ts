import { createHash } from 'node:crypto';
import { type Picture, pictureOf } from '../images/public';

/** Browsers keep art for good: the number goes up when the same title is drawn in another way. */
export const ART_PATH = '/art/1';

/** 12 hex digits from the title: what an art URL carries. */
export function artworkKey(title: string): string {
  return createHash('sha256').update(title).digest('hex').slice(0, 12);
}

/** A series' poster: its own, or the one that is drawn from its title. */
export function posterOf(series: { readonly title: string; readonly poster: string | null }): Picture {
  return pictureOf(series.poster ?? `${ART_PATH}/posters/${artworkKey(series.title)}.svg`, 'poster');
}

/** An episode's still: its own, or the one that is drawn. @param number in its shortest decimal form */
export function stillOf(episode: {
  readonly still: string | null;
  readonly seriesTitle: string;
  readonly kind: string;
  readonly number: string;
}): Picture {
  const drawn = `${ART_PATH}/stills/${artworkKey(episode.seriesTitle)}/${episode.kind}-${episode.number}.svg`;
  return pictureOf(episode.still ?? drawn, 'still');
}

/** Of the picture that other sites show beside a link, in pixels: what they ask for. */
export const PREVIEW_SIZE = { width: 1_200, height: 630 };

/** The address of the preview of a series, or of an episode of it. @param take as in the address of a still: `regular-12.5` */
export function previewUrl({
  title,
  take,
}: {
  readonly title: string;
  readonly take?: string | undefined;
}): string {
  return `${ART_PATH}/previews/${artworkKey(title)}${take === undefined ? '' : `/${take}`}.png`;
}

const KEY = /^[0-9a-f]{12}$/;
const TAKE = /^(?:regular|special)-([0-9]{1,5}(?:\.[0-9]{1,2})?)$/;

/** Undefined when the text is no key. */
export function parseArtKey(text: string): string | undefined {
  return KEY.test(text) ? text : undefined;
}

/** Undefined when the text names no episode in the one way in which the site does: `regular-12.5`, not `regular-012.50`. */
export function parseArtTake(text: string): string | undefined {
  const [, number] = TAKE.exec(text) ?? [];
  return number !== undefined && String(Number(number)) === number ? text : undefined;
}
