import { EmbeddedServerWatch } from '../../../src/platform/embedded/embedded-server-watch';

/** A session that can be broken, and a server that gives another one, or none. */
function create({ isGone = false } = {}) {
  const sessions: { readonly onEnd: (listener: () => void) => void; readonly end: () => void }[] = [];
  const newSession = () => {
    let listener: () => void = () => undefined;
    const session = {
      onEnd: (given: () => void) => {
        listener = given;
      },
      end: () => listener(),
    };
    sessions.push(session);
    return session;
  };
  const told: string[] = [];
  const watch = new EmbeddedServerWatch({
    session: newSession(),
    rejoin: async () => {
      if (isGone) throw new Error('no server');
      return newSession();
    },
    onLost: () => told.push('lost'),
    onBack: () => told.push('back'),
    onGivenUp: ({ message }) => told.push(message),
  });
  const lose = async (): Promise<void> => {
    sessions.at(-1)?.end();
    await new Promise(setImmediate);
  };
  return { watch, told, lose, sessions };
}

test('makes a session that broke again, and says so', async () => {
  const { watch, told, lose, sessions } = create();
  await lose();
  await lose();
  expect(told).toEqual(['lost', 'back', 'lost', 'back']);
  expect(await watch.close()).toBe(sessions[2]);
});

test('gives up where it can not be made again', async () => {
  const { told, lose } = create({ isGone: true });
  await lose();
  expect(told).toEqual(['lost', 'no server']);
});

test('gives up when it breaks again and again', async () => {
  const { told, lose } = create();
  for (let each = 0; each < 6; each++) await lose();
  expect(told.filter((what) => what === 'back')).toHaveLength(5);
  expect(told.at(-1)).toBe('The database server was lost 6 times within a minute.');
});

test('does nothing any more once it is closed', async () => {
  const { watch, told, lose } = create();
  await watch.close();
  await lose();
  expect(told).toEqual([]);
});

test('ends what it is doing before it is closed', async () => {
  const { watch, told, sessions } = create();
  sessions[0]?.end();
  expect(await watch.close()).toBe(sessions[1]);
  expect(told).toEqual(['lost', 'back']);
});
