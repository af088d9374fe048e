import { get } from 'node:http';
import type { EventPublisher, EventSize } from './event-publisher';
import { EVENT_SIZES } from './event-publisher';

/** An event on the wire, without the framing of HTTP. */
export type Frame = { readonly event: string; readonly data: string; readonly bytes: number };
export type Frames = Readonly<Record<EventSize, Frame>>;

const FRAME = /^event: (upsert|remove)\nid: \S+\ndata: (.*)$/;

/** What the site sends for one event of each size. */
export async function captureFrames(port: number, publisher: EventPublisher): Promise<Frames> {
  const reader = await openReader(port);
  try {
    const frames: Partial<Record<EventSize, Frame>> = {};
    for (const size of EVENT_SIZES) {
      await publisher.prepare(size, 1);
      const { seq } = await publisher.publish(size);
      frames[size] = await reader.frameOf(seq);
    }
    const { small, card, large } = frames;
    if (!small || !card || !large) throw new Error('Not every event has been seen.');
    return { small, card, large };
  } finally {
    reader.close();
  }
}

/** The event as a peer should send it: the same bytes, but for its number. */
export function frameText({ event, data }: Frame, seq: number): string {
  return `event: ${event}\nid: benchbch.${seq}\ndata: ${dataWithNumber(data, seq)}\n\n`;
}

export function dataWithNumber(data: string, seq: number): string {
  return data.replace(/"rev":\d+/, `"rev":${seq}`);
}

type Reader = { frameOf(seq: number): Promise<Frame>; close(): void };

function openReader(port: number): Promise<Reader> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path: '/events' }, (response) => {
      let text = '';
      let look = (): void => undefined;
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('event: hello')) resolve(reader);
        look();
      });
      const reader: Reader = {
        frameOf: (seq) =>
          new Promise((found) => {
            look = () => {
              const frame = findFrame(text, seq);
              if (frame) found(frame);
            };
            look();
          }),
        close: () => request.destroy(),
      };
    });
    request.on('error', reject);
  });
}

function findFrame(text: string, seq: number): Frame | undefined {
  // The last part may not have come whole.
  const complete = text.split('\n\n').slice(0, -1);
  const frame = complete.find((part) => part.includes(`.${seq}\ndata: `));
  const [, event, data] = (frame && FRAME.exec(frame)) || [];
  if (frame === undefined || event === undefined || data === undefined) return undefined;
  return { event, data, bytes: Buffer.byteLength(frame) + 2 };
}
