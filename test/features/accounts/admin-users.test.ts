import fc from 'fast-check';
import {
  canBeEmail,
  createAdmin,
  emailProblem,
  findAccount,
  renewPasswordHash,
} from '../../../src/features/accounts/admin-users';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('an account is found by any spelling that the database takes for the same, and all of them are one', async () => {
  const { db } = database;
  const admin = await createAdmin(db, 'admin.Kelvin.İstanbul@example.org', 'any password');
  const letters = [
    'admin.kelvin.istanbul@example.org',
    'K',
    '\u212a',
    'k',
    'İ',
    'i',
    'ı',
    'I',
    'A',
    'ａ',
    'S',
    'ſ',
  ];
  const spelling = fc
    .array(fc.tuple(fc.nat(), fc.constantFrom(...letters.slice(1))), { maxLength: 4 })
    .map((changes) =>
      changes.reduce((email, [index, letter]) => {
        const at = index % email.length;
        return email.slice(0, at) + letter + email.slice(at + 1);
      }, 'admin.kelvin.istanbul@example.org'),
    );
  const known = await findAccount(db, 'ADMIN.KELVIN.İSTANBUL@EXAMPLE.ORG');
  expect(known.admin?.id).toBe(admin?.id);
  await fc.assert(
    fc.asyncProperty(spelling, async (email) => {
      const { folded, admin: found } = await findAccount(db, email);
      expect(found !== undefined).toBe(folded === known.folded);
    }),
    { numRuns: 200 },
  );
});

test('nobody’s address is folded in the same way', async () => {
  const [upper, lower] = await Promise.all([
    findAccount(database.db, 'NOBODY@EXAMPLE.ORG'),
    findAccount(database.db, 'nobody@example.org'),
  ]);
  expect(upper).toEqual({ folded: lower.folded, admin: undefined });
});

test.each(['null\0@example.org', 'half\ud800@example.org', `${'x'.repeat(250)}@example.org`])(
  '%j can’t be the address of an account',
  (email) => {
    expect(canBeEmail(email)).toBe(false);
    expect(emailProblem(email)).toBeDefined();
  },
);

test('a hash is renewed only while it is the one that was read', async () => {
  const { db } = database;
  await createAdmin(db, 'renewed@example.org', 'the first one');
  const { admin } = await findAccount(db, 'renewed@example.org');
  if (!admin) throw new Error('There is no such account.');
  const renewed = await renewPasswordHash(db, admin, 'the first one');
  expect((await findAccount(db, admin.email)).admin?.passwordHash).toBe(renewed);

  expect(await renewPasswordHash(db, admin, 'an older one')).toBe(admin.passwordHash);
  expect((await findAccount(db, admin.email)).admin?.passwordHash).toBe(renewed);
});
