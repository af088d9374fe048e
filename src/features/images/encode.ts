import type { Metadata, Sharp } from 'sharp';
import sharp from 'sharp';
import {
  IMAGE_FORMATS,
  type ImageFormat,
  type ImageKind,
  type ImageProblem,
  MAX_UPLOAD_PIXELS,
  SHAPES,
} from './fields';
import type { Encoded, Looked } from './workshop-tasks';

/** Of the many formats that the library reads, those of pictures on the web: SVG, PDF and the like can ask for other files. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif'];

/** To be called once, before anything is read, in a process that has nothing else to do. */
export function prepare(): void {
  sharp.cache(false);
  // The threads of the machine are for those who watch.
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS.map((loader) => `VipsForeignLoad${loader}`) });
}

/** By what the bytes are, not by what the file is called. */
const FORMATS: readonly string[] = ['jpeg', 'png', 'webp', 'gif', 'heif'];

/** Opens it as whoever took it holds it: its first frame, upright. */
function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: MAX_UPLOAD_PIXELS, failOn: 'error' }).autoOrient();
}

/**
 * Whether the bytes are a picture that the site can show as one of that kind, and if so its colour and its preview. Reads all of it: a
 * file that ends too early is found here, while whoever chose it is there.
 */
export async function look(bytes: Uint8Array, kind: ImageKind): Promise<Looked | ImageProblem> {
  const size = await sizeOf(bytes);
  if (typeof size === 'string') return size;
  if (cutWidth(size, kind) < SHAPES[kind].widths[0]) return 'too-small';
  try {
    const small = await cut(open(bytes), size, kind, SHAPES[kind].widths[0]).png().toBuffer();
    const { data } = await sharp(small)
      .flatten({ background: '#808080' })
      .resize(1, 1, { fit: 'fill' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const colour = data.subarray(0, 3).toString('hex');
    const preview = await write(sharp(small).flatten({ background: `#${colour}` }), 'webp');
    return { colour, preview };
  } catch {
    return 'damaged';
  }
}

/** All files of a picture, by a look at which it can be taken. Nothing that the camera or its owner wrote into it comes along. */
export async function encode(bytes: Uint8Array, kind: ImageKind): Promise<readonly Encoded[]> {
  const size = await sizeOf(bytes);
  if (typeof size === 'string') throw new Error(`A picture that was taken can't be: ${size}.`);
  const widest = SHAPES[kind].widths[2];
  // Read once: the files are made of the largest of them.
  const { data, info } = await cut(open(bytes), size, kind, widest)
    .flatten({ background: '#808080' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const encoded: Encoded[] = [];
  for (const width of SHAPES[kind].widths) {
    for (const format of IMAGE_FORMATS) {
      const resized = cut(sharp(data, { raw }), raw, kind, width);
      encoded.push({ width, format, bytes: await write(resized, format) });
    }
  }
  return encoded;
}

type Size = { readonly width: number; readonly height: number };

/** Of the picture upright, in pixels. */
async function sizeOf(bytes: Uint8Array): Promise<Size | ImageProblem> {
  let found: Metadata;
  try {
    found = await sharp(bytes, { limitInputPixels: false, failOn: 'error' }).metadata();
  } catch {
    return beginsAsPicture(bytes) ? 'damaged' : 'no-image';
  }
  const { format, compression, autoOrient } = found;
  if (!FORMATS.includes(format) || (format === 'heif' && compression !== 'av1')) return 'no-image';
  const { width, height } = autoOrient;
  return width * height > MAX_UPLOAD_PIXELS ? 'too-many-pixels' : { width, height };
}

/** Of the formats that can be taken, where each says what it is. */
const BEGINNINGS: readonly (readonly [at: number, text: string])[] = [
  [0, '\xff\xd8\xff'],
  [0, '\x89PNG'],
  [0, 'GIF8'],
  [8, 'WEBP'],
  [8, 'avif'],
];

function beginsAsPicture(bytes: Uint8Array): boolean {
  const beginning = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return BEGINNINGS.some(([at, text]) => beginning.startsWith(text, at));
}

/** How wide its middle is in the shape of the kind. */
function cutWidth({ width, height }: Size, kind: ImageKind): number {
  const [across, down] = SHAPES[kind].ratio;
  return Math.min(width, Math.floor((height / down) * across));
}

/** The middle of it in the shape of the kind, so wide, or less where it has less: it is not blown up. */
function cut(image: Sharp, size: Size, kind: ImageKind, width: number): Sharp {
  const [across, down] = SHAPES[kind].ratio;
  const cutTo = Math.min(width, cutWidth(size, kind));
  return image.resize(cutTo, Math.round((cutTo / across) * down), { fit: 'cover' });
}

/** A fifth of a JPEG that looks the same, by eye. */
function write(image: Sharp, format: ImageFormat): Promise<Uint8Array> {
  return (
    format === 'avif' ? image.avif({ quality: 55, effort: 4 }) : image.webp({ quality: 80, effort: 4 })
  ).toBuffer();
}
