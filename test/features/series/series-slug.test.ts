import { newSeries, testCatalog } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

jest.setTimeout(60_000);

test('a slug is found however many series have one of the title, and however long it is', async () => {
  const title = 'x'.repeat(300);
  const slug = 'x'.repeat(95);
  // In parts, since a statement of the site has two seconds.
  for (const first of [1, 3_334, 6_667]) {
    await database.db.raw(
      `insert into series (kind, slug, title)
       select 'tv', case count when 1 then ?::text else ?::text || '-' || count end, 'Taken'
       from generate_series(?::int, ?::int) as count`,
      [slug, slug, first, first + 3_332],
    );
  }
  const catalog = testCatalog(database.db);
  expect((await newSeries(catalog, { title })).slug).toBe(`${'x'.repeat(94)}-10000`);
  expect((await newSeries(catalog, { title })).slug).toBe(`${'x'.repeat(94)}-10001`);
});

test('series of the same title that are created at once get a slug each', async () => {
  const catalog = testCatalog(database.db);
  const all = await Promise.all(Array.from({ length: 10 }, () => newSeries(catalog, { title: 'At once' })));
  expect(all.map(({ slug }) => slug).sort()).toEqual(
    ['at-once', ...Array.from({ length: 9 }, (_, index) => `at-once-${index + 2}`)].sort(),
  );
});
