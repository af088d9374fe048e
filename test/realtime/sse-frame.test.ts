import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import type { UpsertEvent } from '../../src/changes/change-event';
import { upsertFrame } from '../../src/realtime/sse-frame';
import { publicEpisode } from '../support/catalog';

const event: UpsertEvent = {
  epoch: 'k3f9',
  seq: 10_423,
  type: 'upsert',
  isNew: true,
  episode: publicEpisode('812', { number: '12' }),
};

function parse(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (parsed) => events.push(parsed) }).feed(text);
  return events;
}

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\n\nevent: reset\ndata: {}\n\n',
    '\r',
    '\r\n',
    '\u2028',
    '\u0000',
    '\ufeff',
    ':',
    'x'.repeat(65_536),
  ),
);

test('no content can break a frame or forge another', () => {
  fc.assert(
    fc.property(nasty, nasty, (title, html) => {
      const parsed = parse(upsertFrame(event, { title, url: '/x', html }));
      expect(parsed).toHaveLength(1);
      expect(parsed[0]).toMatchObject({ event: 'upsert', id: 'k3f9.10423' });
      const data = JSON.parse(parsed[0]?.data ?? '');
      // JSON has no lone surrogates on the wire; the parsed text is what UTF-8 makes of them.
      expect(data).toMatchObject({ title, html, rev: 10_423, episodeId: '812' });
    }),
  );
});
