import { IMAGE_FORMATS, type ImageFormat, type ImageKind, imageUrl, SHAPES } from './fields';

export { takePicture } from './api';
export type { ImageContext } from './images';
export { type PictureCheck, readPictureCheck } from './kept';

/** A picture as a page shows it, with views/images/picture.ejs. */
export type Picture = {
  /** What is shown where the browser chooses none of the others. */
  readonly url: string;
  /** For where it is shown no larger than a stamp. */
  readonly smallUrl: string;
  /** Values of srcset, the better format first; none for a picture that is drawn. */
  readonly sources: readonly { readonly type: string; readonly srcset: string }[];
  /** What stands in its place until it is there, `#3a5f2c`; empty where that is nothing. */
  readonly colour: string;
};

/** As the database has it, for what visitors see: `/images/0123456789abcdef01234567-480.webp#3a5f2c`. */
const ADDRESS = /^\/images\/([0-9a-f]{24})-[0-9]{3,4}\.webp(#[0-9a-f]{6})$/;

/** The picture with that address, which is one of the site's own or any other. */
export function pictureOf(address: string, kind: ImageKind): Picture {
  const [, name, colour = ''] = ADDRESS.exec(address) ?? [];
  if (name === undefined) return { url: address, smallUrl: address, sources: [], colour: '' };
  const [small, middle] = SHAPES[kind].widths;
  return {
    url: imageUrl(name, middle, 'webp'),
    smallUrl: imageUrl(name, small, 'webp'),
    sources: IMAGE_FORMATS.map((format) => ({ type: `image/${format}`, srcset: srcset(name, kind, format) })),
    colour,
  };
}

function srcset(name: string, kind: ImageKind, format: ImageFormat): string {
  return SHAPES[kind].widths.map((width) => `${imageUrl(name, width, format)} ${width}w`).join(',');
}

/** The largest file of it, for what shows it alone; undefined where it is none of the site's own. */
export function largestOf(
  address: string,
  kind: ImageKind,
): { readonly url: string; readonly width: number; readonly height: number } | undefined {
  const [, name] = ADDRESS.exec(address) ?? [];
  if (name === undefined) return undefined;
  const { widths, ratio } = SHAPES[kind];
  const [, , width] = widths;
  return { url: imageUrl(name, width, 'webp'), width, height: (width / ratio[0]) * ratio[1] };
}
