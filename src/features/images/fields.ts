import { z } from 'zod';
import { field } from '../../web/fields';
import { orNull } from '../../web/form';
import { refuse } from '../../web/input';

/** A poster is one of a series, upright; a still one of an episode, wide. */
export const IMAGE_KINDS = ['poster', 'still'] as const;
export type ImageKind = (typeof IMAGE_KINDS)[number];

type Shape = {
  /** In pixels, the smallest first: a third of the last one at a glance, all of it on a large screen of many pixels. */
  readonly widths: readonly [number, number, number];
  /** Height by width. */
  readonly ratio: readonly [width: number, height: number];
};

/** What pictures are made of what is uploaded. Public addresses carry the widths, so that others are new addresses. */
export const SHAPES: Readonly<Record<ImageKind, Shape>> = {
  poster: { widths: [240, 480, 960], ratio: [2, 3] },
  still: { widths: [320, 640, 1280], ratio: [16, 9] },
};

export const IMAGE_FORMATS = ['avif', 'webp'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export const MAX_UPLOAD_BYTES = 10 * 1_024 * 1_024;
export const MAX_UPLOAD_PIXELS = 40_000_000;

/** What a picture is called: the first digits of the hash of what was uploaded. */
export const IMAGE_NAME = /^[0-9a-f]{24}$/;

const tooSmall = (kind: ImageKind): string => {
  const [width] = SHAPES[kind].widths;
  const [across, down] = SHAPES[kind].ratio;
  return `Is too small: it needs at least ${width} × ${(width / across) * down} pixels.`;
};

/** Why a picture was not taken, in the words of the form. */
const PROBLEMS = {
  'no-image': () => 'Is no picture. Choose a JPEG, PNG, WebP, AVIF or GIF file.',
  damaged: () => 'Is damaged, or not the whole file. Choose it again, or another one.',
  'too-large': () => 'Is larger than 10 MB. Choose a smaller file.',
  'too-many-pixels': () => 'Has more than 40 megapixels. Choose a smaller picture.',
  'too-small': tooSmall,
  busy: () => 'Could not be looked at, since many others are just now. Choose it again.',
  failed: () => 'Could not be kept just now. Choose it again.',
  lost: () => 'Did not come with the form, since you were logged out. Choose it again.',
  gone: () => 'Is no longer kept. Choose it again, or save without it.',
} satisfies Readonly<Record<string, (kind: ImageKind) => string>>;
export type ImageProblem = keyof typeof PROBLEMS;

/** What stands in the field of a form: the name of a picture, and what was wrong with another one that was chosen for it. */
type ImageText = { readonly name: string; readonly problem: string };

/** The other way: `0123456789abcdef01234567?too-large`. */
export function imageText(name: string, problem?: ImageProblem): string {
  return problem === undefined ? name : `${name}?${problem}`;
}

export function parseImageText(text: string): ImageText {
  const [name = '', problem = ''] = text.split('?');
  return { name: IMAGE_NAME.test(name) ? name : '', problem };
}

/** Undefined for what is no problem of a picture. */
export function problemText(kind: ImageKind, problem: string): string | undefined {
  return Object.entries(PROBLEMS).find(([name]) => name === problem)?.[1](kind);
}

const nameOf = (kind: ImageKind) =>
  z
    .string('Must be the name of an uploaded picture, or null.')
    .nullable()
    .transform((text, context) => {
      if (text === null || IMAGE_NAME.test(text)) return text;
      const problem = problemText(kind, parseImageText(text).problem);
      return refuse(context, problem ?? 'Must be the name of an uploaded picture, or null.');
    });

/** A field of a form in which a picture is chosen; its value is the name of the picture. */
export function imageField<const Column extends string>(
  kind: ImageKind,
  given: { readonly label: string; readonly help: string; readonly section: string; readonly column: Column },
) {
  return field(nameOf(kind), {
    ...given,
    control: { kind: 'image', of: kind },
    initial: null,
    answer: z.string().nullable(),
    fromText: orNull,
  });
}

/** The address of a file of a picture; the site serves it as long as the picture is kept. */
export function imageUrl(name: string, width: number, format: ImageFormat): string {
  return `/images/${name}-${width}.${format}`;
}

/** What the form shows of a field with a picture. */
export function imageFieldView(kind: ImageKind, text: string) {
  const { name, problem } = parseImageText(text);
  const { widths, ratio } = SHAPES[kind];
  const [width] = widths;
  const error = problemText(kind, problem);
  return {
    ...(error && { error }),
    value: name,
    width,
    height: (width / ratio[0]) * ratio[1],
    preview: name && imageUrl(name, width, 'webp'),
  };
}
