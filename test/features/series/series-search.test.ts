import { listSeries } from '../../../src/features/series/repository';
import { newSeries, testCatalog } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const catalog = testCatalog(database.db);
  await newSeries(catalog, {
    title: 'Frieren',
    titleNative: '葬送のフリーレン',
    synonyms: ['Beyond', 'Journey’s End'],
  });
  await newSeries(catalog, { title: '100% Émigré', slug: 'percent' });
  await newSeries(catalog, { title: 'snake_case', slug: 'snake' });
});
afterAll(() => database.drop());

test.each([
  ['a part of the title', 'rier', ['frieren']],
  ['another case', 'FRIEREN', ['frieren']],
  ['another case beyond ASCII', 'émigré', ['percent']],
  ['the native title', '葬送', ['frieren']],
  ['a longer part of the native title', 'のフリーレ', ['frieren']],
  ['another title', 'ney’s e', ['frieren']],
  ['a percent sign', '0%', ['percent']],
  ['an underscore', 'e_c', ['snake']],
  ['nothing that is there', 'Wuthering', []],
])('finds %s', async (_, search, slugs) => {
  const found = await listSeries(database.db, { search, limit: 10 });
  expect(found.map(({ slug }) => slug)).toEqual(slugs);
});
