import { LRUCache } from 'lru-cache';
import { previewSvg } from './artwork';
import { PREVIEW_SIZE } from './public';

/** Width of the drawing; the lines of a scene are as wide as on a still. */
const DRAWN_WIDTH = 640;
const SVG_DPI = 72;

const MAX_BYTES = 8 * 1_024 * 1_024;
/** Drawings that wait for their turn. */
const MAX_WAITING = 8;

/**
 * Previews of links, as PNG: a few tenths of a second of one core each, on libuv's threads. One at a time in a process, and few
 * that wait: whoever makes addresses up must not take the machine from those who watch.
 */
export class Previews {
  readonly #kept = new LRUCache<string, Buffer>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ length }, address) => length + 2 * address.length + 512,
  });
  readonly #underWay = new Map<string, Promise<Buffer>>();
  readonly #draw: (svg: string) => Promise<Buffer>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(draw = drawPng) {
    this.#draw = draw;
  }

  /** Bytes of memory that the previews take. */
  get heldBytes(): number {
    return this.#kept.calculatedSize;
  }

  /** @param take which picture of the series, `regular-12.5`; undefined: its own. Returns undefined when too many wait already. */
  async get(key: string, take: string | undefined): Promise<Buffer | undefined> {
    const address = `${key}/${take ?? ''}`;
    const kept = this.#kept.get(address);
    if (kept) return kept;
    const underWay = this.#underWay.get(address);
    if (underWay) return underWay;
    if (this.#underWay.size > MAX_WAITING) return undefined;
    const drawing = this.#last
      .then(() => this.#draw(previewSvg(key, take)))
      .finally(() => this.#underWay.delete(address));
    this.#underWay.set(address, drawing);
    this.#last = drawing.catch(() => undefined);
    const png = await drawing;
    this.#kept.set(address, png);
    return png;
  }
}

async function drawPng(svg: string): Promise<Buffer> {
  // 20 MB of memory that a process which is never asked for a preview need not take.
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  sharp.concurrency(1);
  const { width, height } = PREVIEW_SIZE;
  // A third of the bytes of all colours, and nobody sees it.
  const png = await sharp(Buffer.from(svg), { density: (SVG_DPI * width) / DRAWN_WIDTH })
    .resize(width, height)
    .png({ palette: true, effort: 3 })
    .toBuffer();
  return Buffer.from(png);
}
