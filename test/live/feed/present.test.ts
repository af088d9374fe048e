import { Present } from '../../../src/live/feed/present';
import { type Kind, Lists, type LiveList } from '../../../src/live/list';

type Note = { readonly key: string; readonly text: string };

/** A list of notes, whose queries are answered when the test says so, with what was true when they were asked. */
function createNotes() {
  const notes = new Map<string, string>();
  const answers: (() => void)[] = [];
  const kind: Kind<Note> = {
    name: 'note',
    of: 'note',
    keyOf: ({ key }) => key,
    find: (_db, keys) => {
      const found = keys.flatMap((key) => ({ key, text: notes.get(key) ?? '' }));
      return new Promise((resolve) => answers.push(() => resolve(found)));
    },
  };
  const list: LiveList<Note> = {
    topic: 'notes',
    kind,
    topicsOf: () => ['notes'],
    positionOf: ({ key }) => key,
    order: 'ascending',
    render: ({ text }) => `<li>${text}</li>`,
    readFirst: async () => ({ cursor: { epoch: 'e', seq: 0 }, items: [], hasMore: false }),
  };
  return { notes, answers, present: new Present(new Lists([list]), Object.create(null)) };
}

const change = (seq: number) => ({ kind: 'note', key: '1', seq });

test('a change that is committed while an earlier one is looked up is not answered with what was before it', async () => {
  const { notes, answers, present } = createNotes();
  notes.set('1', 'before');
  const first = present.read([change(3)]);
  notes.set('1', 'after');
  const second = present.read([change(4)]);
  for (const answer of answers) answer();
  expect((await first).of(change(3))).toEqual({ key: '1', text: 'before' });
  expect((await second).of(change(4))).toEqual({ key: '1', text: 'after' });
});

test('who asks for the same changes at the same time is answered by one query', async () => {
  const { answers, present } = createNotes();
  const readings = [present.read([change(3)]), present.read([change(3)])];
  expect(answers).toHaveLength(1);
  for (const answer of answers) answer();
  const [first, second] = await Promise.all(readings);
  expect(first?.of(change(3))).toBe(second?.of(change(3)));
  void present.read([change(3)]);
  expect(answers).toHaveLength(2);
});
