import type { ImageFormat, ImageKind, ImageProblem } from './fields';

/** What the process that opens pictures is asked. */
export type ImageTask =
  /** Whether these bytes are a picture that can be taken. */
  | { readonly task: 'look'; readonly kind: ImageKind; readonly bytes: Uint8Array }
  /** All that the site shows of it. */
  | { readonly task: 'encode'; readonly kind: ImageKind; readonly bytes: Uint8Array };

/** A picture that can be taken. */
export type Looked = {
  /** What stands in its place until it is there: six hex digits. */
  readonly colour: string;
  /** The smallest one, in WebP. */
  readonly preview: Uint8Array;
};

/** One file of a picture. */
export type Encoded = { readonly width: number; readonly format: ImageFormat; readonly bytes: Uint8Array };

export type ImageAnswer =
  | { readonly task: 'look'; readonly looked: Looked }
  | { readonly task: 'encode'; readonly encoded: readonly Encoded[] }
  | { readonly task: 'refuse'; readonly problem: ImageProblem };
