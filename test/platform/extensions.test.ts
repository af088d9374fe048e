import { randomBytes } from 'node:crypto';
import { createDatabase, type Database, migrate, WORKING } from '../../src/platform/database';
import { requireExtension } from '../../src/platform/extensions';
import { withDatabase } from '../support/database-url';

const suffix = randomBytes(4).toString('hex');
const [owner, guest, name] = [`owner_${suffix}`, `guest_${suffix}`, `nipnime_extension_${suffix}`];
const serverUrl = process.env.TEST_DATABASE_URL ?? '';
let admin: Database;

beforeAll(async () => {
  admin = createDatabase(serverUrl, { maxConnections: 1, limits: WORKING });
  for (const role of [owner, guest]) await admin.raw(`create role ${role} login password 'ordinary'`);
  await admin.raw(`create database ${name} owner ${owner}`);
});
afterAll(async () => {
  await admin.raw(`drop database ${name} with (force)`);
  for (const role of [owner, guest]) await admin.raw(`drop role ${role}`);
  await admin.destroy();
});

async function as(role: string, work: (db: Database) => Promise<void>): Promise<void> {
  const url = new URL(withDatabase(serverUrl, name));
  Object.assign(url, { username: role, password: 'ordinary' });
  const db = createDatabase(url.href, { maxConnections: 2, limits: WORKING });
  try {
    await work(db);
  } finally {
    await db.destroy();
  }
}

test('who may not create the extension is told what to do', () =>
  as(guest, async (db) => {
    await expect(migrate(db)).rejects.toThrow(
      `The database ${name} needs the extension pg_trgm of PostgreSQL, and the user of DATABASE_URL may not create it`,
    );
  }));

test('a server without the extension is said to be one', () =>
  as(owner, async (db) => {
    await expect(requireExtension(db, 'no_such_extension')).rejects.toThrow(
      /needs the extension no_such_extension .* its server has none: install/,
    );
  }));

test('the owner of a database needs no superuser, and nobody needs to create what is there', async () => {
  await as(owner, (db) => migrate(db));
  await as(guest, (db) => requireExtension(db, 'pg_trgm'));
});
