import { createHash } from 'node:crypto';
import type { Database } from '../../platform/database';
import { within } from '../../platform/deadline';
import type { WriteContext } from '../episodes/write';
import { IMAGE_FORMATS, type ImageFormat, type ImageKind, type ImageProblem, SHAPES } from './fields';
import { addImage, findImage, type Image, purgeImages, showImage } from './repository';
import type { ImageStore } from './store';
import type { Workshop } from './workshop';
import type { Looked } from './workshop-tasks';

/** What pictures need. Given by the composition root. */
export type ImageContext = {
  readonly db: Database;
  readonly store: ImageStore;
  readonly workshop: Workshop;
};

/** A picture that was taken, or why it was not. */
export type Taken = { readonly name: string } | { readonly problem: ImageProblem };

/** Where pictures are kept, or opened, something is wrong; the site itself is not. */
export class ImageNotKept extends Error {
  override readonly name = 'ImageNotKept';
}

/** Keeps what was uploaded, if it is a picture that the site can show. Its files are made by a job. @throws {ImageNotKept} */
export async function takeImage(context: ImageContext, bytes: Uint8Array, kind: ImageKind): Promise<Taken> {
  const { db, store, workshop } = context;
  const name = nameOf(bytes, kind);
  const known = await findImage(db, name);
  if (known?.isEncoded) {
    await addImage(db, known);
    return { name };
  }
  let looked: Looked | ImageProblem;
  try {
    looked = await workshop.look(bytes, kind);
    if (typeof looked === 'string') return { problem: looked };
    const [width] = SHAPES[kind].widths;
    await inTime(store.write(originalOf(name), bytes));
    await inTime(store.write(fileOf(name, width, 'webp'), looked.preview));
  } catch (error) {
    throw new ImageNotKept('A picture was not kept', { cause: error });
  }
  await addImage(db, { name, kind, colour: looked.colour });
  return { name };
}

/** Makes the files of a picture that was taken, and shows it wherever it is named; one that has them already stays as it is. @param signal gives it up */
export async function encodeImage(
  { db, store, workshop }: ImageContext,
  catalog: WriteContext,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const image = await findImage(db, name);
  if (!image || image.isEncoded) return;
  const bytes = await inTime(store.read(originalOf(name)));
  if (!bytes) throw new Error(`The upload of picture ${name} is not in the store of this node.`);
  for (const encoded of await workshop.encode(bytes, image.kind, signal))
    await inTime(store.write(fileOf(name, encoded.width, encoded.format), encoded.bytes));
  await showImage(catalog, image);
  // What a camera wrote into it, as where it was taken, is nobody's business.
  await inTime(store.remove(originalOf(name)));
}

/** Forgets the pictures that nothing has named for a month, and their files. */
export async function purgeUnnamed({ db, store }: ImageContext): Promise<void> {
  await purgeImages(db, async ({ name, kind }) => {
    for (const file of [...filesOf(name, kind), originalOf(name)]) await inTime(store.remove(file));
  });
}

/** The same bytes have the same name, and are kept once; cut as a still, they are another picture than cut as a poster. */
function nameOf(bytes: Uint8Array, kind: ImageKind): string {
  return createHash('sha256').update(`${kind}\n`).update(bytes).digest('hex').slice(0, 24);
}

function fileOf(name: string, width: number, format: ImageFormat): string {
  return `${name}-${width}.${format}`;
}

function filesOf(name: string, kind: Image['kind']): readonly string[] {
  return SHAPES[kind].widths.flatMap((width) => IMAGE_FORMATS.map((format) => fileOf(name, width, format)));
}

/** Where what was uploaded waits for its files to be made. */
function originalOf(name: string): string {
  return `${name}.original`;
}

/** For one file, wherever it is kept. */
const STORE_MS = 30_000;

function inTime<T>(work: Promise<T>): Promise<T> {
  return within(STORE_MS, 'The store of pictures', work);
}
