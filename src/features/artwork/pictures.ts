import type { IncomingMessage, ServerResponse } from 'node:http';
import fresh from 'fresh';
import { chooseEncoding } from '../../web/content-encoding';
import { EncodedBody, EncodedCache } from '../../web/encoded-body';
import { posterSvg, stillSvg } from './artwork';
import { ART_PATH, parseArtKey, parseArtTake } from './public';

export type PicturesOptions = {
  /** What every answer of the site carries. */
  readonly headers: ReadonlyMap<string, string>;
  readonly requestId: (request: IncomingMessage) => string;
  /** A picture is to be drawn. */
  readonly onDrawing?: () => void;
  readonly maxBytes?: number;
};

type Picture = { readonly body: EncodedBody };

const MAX_BYTES = 16 * 1_024 * 1_024;

/**
 * Pictures that are drawn from a title. The address decides every byte, so a picture is drawn once, kept encoded, and never
 * has to be asked for again. Answered ahead of Express: a visitor's first page asks for two dozen.
 */
export class Pictures {
  readonly #options: PicturesOptions;
  readonly #headers: readonly string[];
  readonly #kept: EncodedCache<Picture>;

  constructor(options: PicturesOptions) {
    this.#options = options;
    this.#headers = [
      ...[...options.headers].flat(),
      ...['Cache-Control', 'public, max-age=31536000, immutable'],
      ...['Vary', 'Accept-Encoding'],
      ...['ETag', ETAG],
    ];
    this.#kept = new EncodedCache({ maxBytes: options.maxBytes ?? MAX_BYTES });
  }

  /** False when the address is not that of a picture, in the one way in which the site writes it. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '', method } = request;
    if (!url.startsWith(ART_PATH) || (method !== 'GET' && method !== 'HEAD')) return false;
    const picture = this.#kept.get(url) ?? this.#draw(url);
    if (!picture) return false;
    const encoding = chooseEncoding(request.headers['accept-encoding']);
    const send = (bytes: Buffer): void => {
      const isKnown = fresh(request.headers, { etag: ETAG });
      response.writeHead(isKnown ? 304 : 200, [
        ...this.#headers,
        ...(isKnown ? [] : ['Content-Type', 'image/svg+xml', 'Content-Length', String(bytes.length)]),
        ...(isKnown || encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
        ...['X-Request-Id', this.#options.requestId(request)],
      ]);
      response.end(isKnown ? undefined : bytes);
    };
    const ready = picture.body.readyIn(encoding);
    if (ready) send(ready);
    // A connection that is gone by now takes the answer without a word.
    else this.#kept.encoded(url, picture, encoding).then(send, (error: Error) => response.destroy(error));
    return true;
  }

  /** Bytes of memory that the pictures take. */
  get heldBytes(): number {
    return this.#kept.heldBytes;
  }

  #draw(url: string): Picture | undefined {
    const draw = parsePicture(url.slice(ART_PATH.length));
    if (!draw) return undefined;
    this.#options.onDrawing?.();
    const picture = { body: new EncodedBody(draw()) };
    this.#kept.set(url, picture);
    return picture;
  }
}

/** The address decides the bytes, so one is as good as another; weak, since the encodings share it. */
const ETAG = `W/"${ART_PATH}"`;

/** Reads `/posters/<key>.svg` or `/stills/<key>/regular-12.5.svg`; each picture has this one address. */
function parsePicture(path: string): (() => string) | undefined {
  if (!path.endsWith('.svg')) return undefined;
  const [start, kind, key = '', take, ...rest] = path.slice(0, -'.svg'.length).split('/');
  if (start !== '' || !parseArtKey(key) || rest.length > 0) return undefined;
  if (kind === 'posters') return take === undefined ? () => posterSvg(key) : undefined;
  if (kind !== 'stills' || take === undefined) return undefined;
  return parseArtTake(take) ? () => stillSvg(key, take) : undefined;
}
