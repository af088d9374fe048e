import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import request from 'supertest';
import { keptAssetRoutes } from '../../../src/features/kept-assets/page';
import { findAsset, keepAssets, pruneAssets } from '../../../src/features/kept-assets/repository';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nipnime-assets-'));
  await writeFile(join(folder, 'site-OLDHASH1.css'), 'a { color: red }');
  await writeFile(join(folder, 'site-OLDHASH1.css.br'), 'packed');
  await writeFile(join(folder, 'manifest.json'), '{}');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

const namesIn = (): Promise<string[]> => database.db('kept_assets').orderBy('name').pluck('name');

test('a version finds what the pages of another one name', async () => {
  await keepAssets(database.db, folder);
  // Each node of a version does so, and some at the same time.
  await Promise.all([keepAssets(database.db, folder), keepAssets(database.db, folder)]);
  expect(await namesIn()).toEqual(['site-OLDHASH1.css']);

  const app = express().use(keptAssetRoutes({ db: database.db }));
  const found = await request(app).get('/assets/site-OLDHASH1.css');
  expect([found.status, found.text]).toEqual([200, 'a { color: red }']);
  expect(found.headers).toMatchObject({
    'content-type': 'text/css; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  for (const path of ['/assets/site-OLDHASH2.css', '/assets/site-OLDHASH1.css.br', '/assets/manifest.json'])
    expect((await request(app).get(path)).status).toBe(404);
});

test('what no node has had for a month is forgotten, what this one has is not', async () => {
  await keepAssets(database.db, folder);
  await database.db('kept_assets').insert([
    {
      name: 'site-LASTWEEK.css',
      body: Buffer.from('a'),
      seen_at: database.db.raw("now() - interval '29 days'"),
    },
    {
      name: 'site-LASTYEAR.css',
      body: Buffer.from('a'),
      seen_at: database.db.raw("now() - interval '31 days'"),
    },
  ]);
  await database
    .db('kept_assets')
    .where({ name: 'site-OLDHASH1.css' })
    .update({ seen_at: database.db.raw("now() - interval '31 days'") });
  await pruneAssets(database.db, folder);
  expect(await namesIn()).toEqual(['site-LASTWEEK.css', 'site-OLDHASH1.css']);
  expect(await findAsset(database.db, 'site-OLDHASH1.css')).toEqual(Buffer.from('a { color: red }'));
});
