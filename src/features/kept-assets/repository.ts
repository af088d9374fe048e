import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../platform/database';

/** As long as somebody may keep a page open that was loaded from a version that has gone, and only then use its player. */
const KEPT = '30 days';
/** The same bytes packed, which a node that asks here does without, and the list of its own. */
const LEFT_OUT = /\.(br|gz)$|^manifest\.json$/;

/** The files in `folder` that pages name with a hash of what is in them. */
async function assetsIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => !LEFT_OUT.test(name)).sort();
}

/** Keeps the assets in `folder`, those of this version, where nodes of other versions find them. */
export async function keepAssets(db: Database, folder: string): Promise<void> {
  const names = await assetsIn(folder);
  const kept: readonly string[] = await db('kept_assets').whereIn('name', names).pluck('name');
  for (const name of names.filter((each) => !kept.includes(each))) {
    const body = await readFile(join(folder, name));
    await db('kept_assets').insert({ name, body }).onConflict('name').ignore();
  }
}

/** Undefined for what no version of the last time has had. */
export async function findAsset(db: Database, name: string): Promise<Buffer | undefined> {
  const row: { readonly body: Buffer } | undefined = await db('kept_assets').where({ name }).first('body');
  return row?.body;
}

/** Forgets what no node has had for a month; those in `folder` are in use. */
export async function pruneAssets(db: Database, folder: string): Promise<void> {
  const names = await assetsIn(folder);
  await db('kept_assets').whereIn('name', names).update({ seen_at: db.fn.now() });
  await db('kept_assets')
    .whereNotIn('name', names)
    .where('seen_at', '<', db.raw('now() - ?::interval', [KEPT]))
    .delete();
}
