import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { isPlaceholderPassword, isWeakSecret } from '../../src/process/weak-secret';

test.each([
  'a'.repeat(32),
  'x'.repeat(200),
  'ab'.repeat(20),
  'changeme'.repeat(4),
  'changemechangemechangemechangeme1234',
  'change-this-secret-in-production',
  'your-super-secret-session-key-here!!',
  'your-secret-here-your-secret-here',
  'PLEASE_REPLACE_THIS_SESSION_SECRET',
  'keyboard cat keyboard cat keyboard cat',
  'replace-with-a-long-random-string',
  'please change this default secret 1234',
  'insert a random string of 32 characters',
  '12345678901234567890123456789012',
  '0123456789abcdef0123456789abcdef',
  'deadbeefdeadbeefdeadbeefdeadbeef',
  'qwertyuiopasdfghjklzxcvbnm123456',
  'abcdefghijklmnopqrstuvwxyz123456',
  'nipnime-nipnime-nipnime-nipnime-1',
  '................................',
  'of the bench....................',
  '\n'.repeat(32),
])('%j is weak', (secret) => {
  expect(isWeakSecret(secret)).toBe(true);
});

test.each([
  'a secret that is only for the fault tests',
  'correct horse battery staple garden',
  'Der Hund von nebenan bellt jeden Morgen.',
  '秘密の鍵は誰にも教えてはいけないので、ここに長い文章を書いておきます。',
])('the sentence %j is not', (secret) => {
  expect(isWeakSecret(secret)).toBe(false);
});

test('no random secret is weak, whatever writes it', () => {
  for (let round = 0; round < 5_000; round++) {
    const bytes = randomBytes(32);
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      for (const secret of [bytes.toString(encoding), bytes.toString(encoding).slice(0, 32)])
        expect([secret, isWeakSecret(secret)]).toEqual([secret, false]);
    }
    expect(isWeakSecret(bytes.toString('hex').toUpperCase())).toBe(false);
  }
});

test('what repeats is weak, however long it is', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 8 }), (pattern) => {
      expect(isWeakSecret(pattern.repeat(40))).toBe(true);
    }),
  );
});

test.each(['password', 'Password1', 'changeme', 'CHANGE_ME', 'secret123', 'SECRET', 'aaaa', 'xxxxxxxx'])(
  'the password %j is a placeholder',
  (password) => {
    expect(isPlaceholderPassword(password)).toBe(true);
  },
);

test.each(['0815', '49302817', 'postgres', 'kx7', 'password-of-Erika', randomBytes(16).toString('hex')])(
  'the password %j is none',
  (password) => {
    expect(isPlaceholderPassword(password)).toBe(false);
  },
);
