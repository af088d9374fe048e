import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ImageKind } from '../../src/features/images/fields';
import { createFolderStore } from '../../src/features/images/folder-store';
import type { ImageContext } from '../../src/features/images/images';
import { Workshop } from '../../src/features/images/workshop';
import type { Database } from '../../src/platform/database';

/** What pictures need. @param dataDir of the site */
export function imagesIn(db: Database, dataDir = 'nowhere'): ImageContext {
  return { db, store: createFolderStore(join(dataDir, 'images')), workshop: new Workshop() };
}

/** Notes down that a picture of these bytes was uploaded, and that its files are there. Returns its name. */
export async function keepPicture(db: Database, kind: ImageKind, bytes: Buffer): Promise<string> {
  const digest = createHash('sha256').update(`${kind}\n`).update(bytes).digest('hex');
  const name = digest.slice(0, 24);
  await db('images').insert({ name, kind, colour: '205080', encoded_at: db.fn.now(3) });
  return name;
}
