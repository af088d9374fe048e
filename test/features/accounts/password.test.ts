import { hash, parseOptions } from '@node-rs/argon2';
import {
  canBePassword,
  comparePassword,
  HASH_OF_NOBODY,
  hashPassword,
} from '../../../src/features/accounts/password';
import { loadPasswordCheck, type PasswordCheck } from '../../../src/features/accounts/password-strength';

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

describe('a new password', () => {
  let passwordProblem: PasswordCheck;
  beforeAll(async () => {
    passwordProblem = await loadPasswordCheck();
  });

  test.each([
    'correct horse battery',
    '7k2mq-9xw3p-abcde-fghjk',
    'sousou no frieren',
    'träume unter dem ahornbaum',
    '葬送のフリーレンと勇者ヒンメルの銅像',
    'x7#kQ!w2mZpL',
  ])('is taken: %s', (password) => {
    expect(passwordProblem(password, 'ada@example.org')).toBeUndefined();
  });

  test.each([
    ['short', 'x7#kQ!w2mZp', /at least 12 characters/],
    // Twelve UTF-16 units, six characters.
    ['short in characters', '😀😁😂😃😄😅', /at least 12 characters/],
    [
      'common',
      'Password1234!',
      /^Is too easy to guess\. This is similar to a commonly used password\. Four or more words/,
    ],
    ['common, in full width', 'ｐａｓｓｗｏｒｄ１２３４', /Is too easy to guess/],
    ['common, twice', 'trustno1trustno1', /Is too easy to guess/],
    ['a row of keys', 'qwertyuiop12', /Is too easy to guess/],
    ['one letter', 'a'.repeat(40), /Is too easy to guess/],
    ['long and the same again and again', 'password'.repeat(120), /Is too easy to guess/],
    ['a date', '2026-11-25-2026', /Is too easy to guess/],
    ['the address', 'ada@example.org', /Is too easy to guess/],
    ['the address backwards', 'gro.elpmaxe@ada', /Is too easy to guess/],
    ['the site', 'nipnimenipnime', /Is too easy to guess/],
    ['of lines', 'correct\nhorse battery', /can’t send them/],
    ['with NUL', 'correct horse\0battery', /whole ones/],
    ['with half a character', 'correct horse \ud800 battery', /whole ones/],
    ['with a control character', 'correct horse\u001b battery', /U\+001B/],
    ['endless', 'correct horse battery '.repeat(60), /at most 1000 characters/],
  ])('is refused, and what is wrong is told: %s', (_what, password, problem) => {
    expect(passwordProblem(password, 'ada@example.org')).toMatch(problem);
  });
});
