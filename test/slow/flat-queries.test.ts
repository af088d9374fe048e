import { CASES } from '../../bench/catalog/cases';
import { type OpenCatalog, openCatalog } from '../../bench/catalog/catalogs';
import { explainCase } from '../../bench/catalog/measure';
import { isFlat } from '../../bench/catalog/plan';
import { createTestDatabase, type TestDatabase } from '../support/database';

const databases: TestDatabase[] = [];
const catalogs: OpenCatalog[] = [];
beforeAll(async () => {
  for (const episodes of [300, 12_000]) {
    const database = await createTestDatabase();
    databases.push(database);
    catalogs.push(await openCatalog(database.url, episodes));
  }
}, 60_000);
afterAll(async () => {
  for (const catalog of catalogs) await catalog.close();
  for (const database of databases) await database.drop();
});

test.each(CASES)('$name: reads no more of a large catalog than of a small one', async (each) => {
  const plans = [];
  for (const catalog of catalogs) plans.push(await explainCase(catalog, each));
  expect(isFlat(plans) ? [] : plans).toEqual([]);
});
