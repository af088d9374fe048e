import type { Database, Transaction } from '../../platform/database';
import { addJob } from '../../platform/jobs';
import { type WriteContext, writeCatalog } from '../episodes/write';
import type { ImageKind } from './fields';

export type Image = {
  readonly name: string;
  readonly kind: ImageKind;
  readonly colour: string;
  readonly isEncoded: boolean;
};

type ImageRow = {
  readonly name: string;
  readonly kind: ImageKind;
  readonly colour: string;
  readonly encoded_at: Date | null;
};

export async function findImage(db: Database | Transaction, name: string): Promise<Image | undefined> {
  const row: ImageRow | undefined = await db('images')
    .select('name', 'kind', 'colour', 'encoded_at')
    .where({ name })
    .first();
  return row && { name: row.name, kind: row.kind, colour: row.colour, isEncoded: row.encoded_at !== null };
}

/** Whether it is kept, as a picture of that kind. */
export async function hasImage(db: Database, name: string, kind: ImageKind): Promise<boolean> {
  return (await findImage(db, name))?.kind === kind;
}

/** Those of the names that are of kept pictures of that kind. */
export async function findKept(
  db: Database | Transaction,
  kind: ImageKind,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows: Pick<ImageRow, 'name'>[] = await db('images')
    .select('name')
    .where({ kind })
    .whereRaw('name = any(?)', [[...names]]);
  return new Set(rows.map(({ name }) => name));
}

/** Notes down a picture that is in the store as it was uploaded, and has its files made. The same one again is kept as long as a new one. */
export async function addImage(
  db: Database,
  { name, kind, colour }: Pick<Image, 'name' | 'kind' | 'colour'>,
): Promise<void> {
  await db.transaction(async (trx) => {
    const rows: Pick<ImageRow, 'encoded_at'>[] = await trx('images')
      .insert({ name, kind, colour })
      .onConflict('name')
      .merge({ unnamed_since: trx.fn.now(3) })
      .returning('encoded_at');
    if (rows[0]?.encoded_at) return;
    await askForFiles(trx, name);
  });
}

/** Asks for the files of all pictures that have none yet, where it was forgotten that somebody did. */
export async function askForMissingFiles(trx: Transaction): Promise<void> {
  const names: string[] = await trx('images').whereNull('encoded_at').pluck('name');
  for (const name of names) await askForFiles(trx, name);
}

async function askForFiles(trx: Transaction, name: string): Promise<void> {
  await addJob(trx, ENCODE_JOB, { name }, { maxAttempts: MAX_ATTEMPTS, key: `${ENCODE_JOB}:${name}` });
}

/** The job that makes the files of a picture. */
export const ENCODE_JOB = 'encode-image';
/** For half a day: the store may be away, and of nodes that share none only one has the upload. */
const MAX_ATTEMPTS = 11;

/** Whoever does it, nobody did it by hand. */
const SITE = { kind: 'system', id: null, name: 'pictures', via: 'scheduler' } as const;

/** Shows a picture whose files are there wherever it is named; open pages learn of it as of any other change. */
export async function showImage(catalog: WriteContext, { name, kind }: Image): Promise<void> {
  const { db } = catalog;
  // By itself: whoever names the picture from now on sees that its files are there, and who did before is found below.
  await db('images')
    .where({ name })
    .update({ encoded_at: db.fn.now(3) });
  const [table, column] =
    kind === 'poster' ? (['series', 'poster_image'] as const) : (['episodes', 'still_image'] as const);
  const rows: { readonly id: string }[] = await db(table).select('id').where(column, name).orderBy('id');
  for (const { id } of rows) {
    const scope =
      kind === 'poster'
        ? ({ seriesIds: [id], episodeIds: 'all-of-series' } as const)
        : ({ seriesIds: 'of-episodes', episodeIds: [id] } as const);
    await writeCatalog(catalog, SITE, scope, async ({ trx }) => {
      // A trigger of the table looks for the picture again.
      await trx(table)
        .where({ id, [column]: name })
        .update({ [column]: name });
    });
  }
}

/** Days for which a picture is kept that nothing shows: a deletion, or a change of the journal, may bring it back. */
const KEPT_DAYS = 30;
const PURGED_AT_ONCE = 200;

/**
 * Forgets the pictures that nothing has named for so long.
 * @param remove takes the files away; what it fails at is tried again the next time
 * @returns how many
 */
export async function purgeImages(
  db: Database,
  remove: (image: Pick<Image, 'name' | 'kind'>) => Promise<void>,
): Promise<number> {
  const isNamed = `(exists (select 1 from series s where s.poster_image = i.name)
    or exists (select 1 from episodes e where e.still_image = i.name))`;
  await db.raw(
    `update images i
     set unnamed_since = case when ${isNamed} then null else now() end
     where ${isNamed} = (unnamed_since is not null)`,
  );
  const due: { readonly name: string }[] = await db('images')
    .select('name')
    .where('unnamed_since', '<', db.raw(`now() - ? * interval '1 day'`, [KEPT_DAYS]))
    .orderBy(['unnamed_since', 'name'])
    .limit(PURGED_AT_ONCE);
  let purged = 0;
  for (const { name } of due) {
    purged += await db.transaction(async (trx) => {
      // Whoever is about to name it waits for this, and then finds it gone.
      const { rows } = await trx.raw<{ rows: Pick<Image, 'name' | 'kind'>[] }>(
        `delete from images i where name = ? and not ${isNamed} returning name, kind`,
        [name],
      );
      for (const image of rows) await remove(image);
      return rows.length;
    });
  }
  return purged;
}
