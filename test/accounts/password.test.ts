import { hash, parseOptions } from '@node-rs/argon2';
import { canBePassword, comparePassword, HASH_OF_NOBODY, hashPassword } from '../../src/accounts/password';

describe('a password', () => {
  test.each([
    ['in another form', 'pa\u0308sswort mit ligatur ﬁ', 'pässwort mit ligatur fi'],
    ['in full width', 'ｃｏｒｒｅｃｔ　ｈｏｒｓｅ', 'correct horse'],
  ])('is the same %s', async (_how, kept, typed) => {
    const passwordHash = await hashPassword(kept);
    expect(await comparePassword(passwordHash, typed)).toEqual({ matches: true, isOutdated: false });
    expect(await comparePassword(passwordHash, kept)).toEqual({ matches: true, isOutdated: false });
    expect(await comparePassword(passwordHash, `${typed} `)).toMatchObject({ matches: false });
  });

  test('whose hash was made before there was one form still opens, and is known as outdated', async () => {
    const passwordHash = await hash('ﬁne old password');
    expect(await comparePassword(passwordHash, 'ﬁne old password')).toEqual({
      matches: true,
      isOutdated: true,
    });
    expect(await comparePassword(passwordHash, 'fine old password')).toMatchObject({ matches: false });
  });

  test('of nobody opens nothing, even to whoever knows it', async () => {
    for (const password of ['the password of nobody', 'another one'])
      expect(await comparePassword(undefined, password)).toMatchObject({ matches: false });
  });

  test('of nobody costs as much as one of somebody', async () => {
    expect(parseOptions(HASH_OF_NOBODY)).toEqual({
      ...parseOptions(await hashPassword('x')),
    });
  });

  test.each([
    ['half a character', '\ud800 and a half'],
    ['NUL', 'null\0byte'],
    ['too much', 'x'.repeat(1_001)],
  ])('can’t be %s', (_what, text) => {
    expect(canBePassword(text)).toBe(false);
  });
});
