import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { upsertFrame } from '../../../src/live/wire/sse-frame';

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
    fc.property(nasty, nasty, (key, html) => {
      const item = { key, position: '1-2', tag: '0', html };
      const change = { topic: 'latest', rev: 10_423, isNew: true };
      const parsed = parse(upsertFrame(change, item, { epoch: 'k3f9', seq: 10_423 }));
      expect(parsed).toHaveLength(1);
      expect(parsed[0]).toMatchObject({ event: 'upsert', id: 'k3f9.10423' });
      const data = JSON.parse(parsed[0]?.data ?? '');
      // JSON has no lone surrogates on the wire; the parsed text is what UTF-8 makes of them.
      expect(data).toMatchObject({ key, html, rev: 10_423, topic: 'latest' });
    }),
  );
});
