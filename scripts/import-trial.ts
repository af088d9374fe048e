// Imports older editions of bangumi-data and then the installed one into one database, and compares it with a database
// that has only seen the installed one. Between the imports an admin edits, hides, deletes and adds.
//   npx tsx scripts/import-trial.ts 0.3.62 0.3.123 0.3.171
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteEpisode, updateEpisode } from '../src/features/episodes/repository';
import type { Actor, WriteContext } from '../src/features/episodes/write';
import { seriesSchema } from '../src/features/series/fields';
import { findSeries, updateSeries } from '../src/features/series/repository';
import { type BangumiData, loadBangumiData, readBangumiSeries } from '../src/features/transfer/bangumi-data';
import { importBangumi } from '../src/features/transfer/import-bangumi';
import { recordAudit } from '../src/journal/journal';
import { createDatabase, type Database, migrate, WORKING } from '../src/platform/database';
import { openEmbeddedDatabase } from '../src/platform/embedded/embedded-database';
import { createLists } from '../src/process/lists';
import { episodeInput, newEpisode } from '../test/support/catalog';
import { withDatabase } from '../test/support/database-url';

const admin: Actor = { kind: 'admin', id: null, name: 'trial', via: 'form' };
const importer: Actor = { kind: 'system', id: null, name: 'import', via: 'command' };
/** An edition is imported this long after its date. */
const DELAY_MS = 21 * 86_400_000;

async function main(versions: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'import-trial-'));
  await chmod(folder, 0o755);
  const server = await openEmbeddedDatabase({
    directory: join(folder, 'postgres'),
    databaseName: 'postgres',
    settings: { fsync: 'off', synchronous_commit: 'off' },
  });
  const open = async (name: string): Promise<Database> => {
    const root = createDatabase(server.url, { maxConnections: 1, limits: WORKING });
    await root.raw('create database ??', [name]);
    await root.destroy();
    const db = createDatabase(withDatabase(server.url, name), { limits: WORKING });
    await migrate(db);
    return db;
  };
  const databases = [await open('in_turn'), await open('fresh'), await open('edited')] as const;
  try {
    const editions = await Promise.all(
      versions.map(async (version) => ({ version, data: await download(version, folder) })),
    );
    return await compare(databases, editions);
  } finally {
    for (const db of databases) await db.destroy();
    await server.close();
    await rm(folder, { recursive: true });
  }
}

async function download(version: string, folder: string): Promise<BangumiData> {
  const pack = ['pack', '--silent', '--pack-destination', folder, `bangumi-data@${version}`];
  const file = execFileSync('npm', pack, { encoding: 'utf8' }).trim();
  const json = execFileSync('tar', ['-xzOf', join(folder, file), 'package/dist/data.json'], {
    maxBuffer: 1e8,
  });
  return JSON.parse(json.toString('utf8'));
}

type Edition = { readonly version: string; readonly data: BangumiData };

async function compare(
  [inTurn, fresh, edited]: readonly [Database, Database, Database],
  older: readonly Edition[],
): Promise<number> {
  const installed = await loadBangumiData();
  const now = new Date();
  const { version } = JSON.parse(await readFile(require.resolve('bangumi-data/package.json'), 'utf8'));
  const kept: Kept[] = [];
  for (const { version, data } of older) {
    const then = new Date(readBangumiSeries(data).knownUntil.getTime() + DELAY_MS);
    await run(`${version} in turn`, inTurn, data, then);
    await run(`${version} with edits`, edited, data, then);
    kept.push(...(await edit(edited, kept.length)));
  }
  const last = await run(`${version} in turn`, inTurn, installed, now);
  await run(`${version} fresh`, fresh, installed, now);
  await run(`${version} with edits`, edited, installed, now);
  await run(`${version} once more`, inTurn, installed, now);

  const gone = new Set(last.gone.map(({ slug }) => slug));
  const differences = differ(await readAll(inTurn, gone), await readAll(fresh, new Set()));
  console.log(`In turn against fresh: ${differences.length} of ${await count(fresh)} series differ.`);
  for (const difference of differences.slice(0, 40)) console.log(`  ${difference}`);
  const lost = (
    await Promise.all(kept.map(async ({ what, holds }) => ((await holds()) ? [] : [what])))
  ).flat();
  console.log(`Edits: ${kept.length}, lost: ${lost.length}`);
  for (const what of lost.slice(0, 40)) console.log(`  ${what}`);
  return differences.length + lost.length === 0 ? 0 : 1;
}

function catalogOn(db: Database): WriteContext {
  return { db, lists: createLists().all, publish: async () => undefined, audit: recordAudit };
}

async function run(name: string, db: Database, data: BangumiData, now: Date) {
  const start = Date.now();
  const { skipped, gone, ambiguous, knownUntil, ...counts } = await importBangumi(catalogOn(db), importer, {
    now,
    data,
  });
  console.log(
    `${name}: known until ${knownUntil.toISOString().slice(0, 10)}, ${JSON.stringify(counts)}, ` +
      `gone ${gone.length}, ambiguous ${ambiguous.length}, skipped ${skipped.length}, ${Date.now() - start} ms`,
  );
  for (const { title, slug } of gone.slice(0, 15)) console.log(`    gone: ${title} /series/${slug}`);
  for (const { title, reason } of ambiguous.slice(0, 15)) console.log(`    ambiguous: ${title}: ${reason}`);
  return { gone };
}

async function count(db: Database): Promise<number> {
  const [row] = await db('series').count<{ count: string }[]>();
  return Number(row?.count);
}

/** Each series as the data has it, with its episodes. */
async function readAll(db: Database, without: ReadonlySet<string>): Promise<Map<string, string>> {
  const { rows } = await db.raw(
    `select s.slug, s.title, s.title_native, s.begins_at,
            json_build_object('title', s.title, 'titleLanguage', s.title_language, 'native', s.title_native,
              'nativeLanguage', s.native_language, 'synonyms', s.synonyms, 'kind', s.kind, 'year', s.season_year,
              'season', s.season, 'begins', s.begins_at, 'ends', s.ends_at, 'broadcast', s.broadcast, 'links', s.links,
              'note', s.note,
              'episodes', (select json_agg(json_build_array(e.number, e.published_at, e.status) order by e.number)
                           from episodes e where e.series_id = s.id and e.deleted_at is null)) as value,
            (select string_agg(key, ' ' order by key) from jsonb_array_elements_text(s.imported->'keys') as key
             where key like 'bangumi:%') as bangumi
     from series s order by s.id`,
  );
  const all = new Map<string, string>();
  for (const row of rows) {
    if (without.has(row.slug)) continue;
    const key = `${row.title_native ?? row.title} ${row.begins_at?.toISOString()} ${JSON.stringify(row.value.synonyms)}`;
    if (all.has(key)) all.set(`${key} (again: /series/${row.slug})`, '');
    else all.set(key, JSON.stringify(row.value));
  }
  return all;
}

function differ(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const keys = new Set([...a.keys(), ...b.keys()]);
  return [...keys].flatMap((key) => {
    const [one, other] = [a.get(key), b.get(key)];
    if (one === other) return [];
    if (one === undefined || other === undefined)
      return [`${key}: only ${one === undefined ? 'fresh' : 'in turn'}`];
    const [left, right] = [JSON.parse(one), JSON.parse(other)];
    const fields = Object.keys(left).filter(
      (field) => JSON.stringify(left[field]) !== JSON.stringify(right[field]),
    );
    return [
      `${key}: ${fields.map((field) => `${field} ${short(left[field])} / ${short(right[field])}`).join('; ')}`,
    ];
  });
}

function short(value: unknown): string {
  return JSON.stringify(value).slice(0, 160);
}

type Kept = { readonly what: string; readonly holds: () => Promise<boolean> };

/** Edits some series and some of their episodes; each edit is expected to be there in the end. */
async function edit(db: Database, seed: number): Promise<Kept[]> {
  const catalog = catalogOn(db);
  const kept: Kept[] = [];
  const series: { id: string }[] = await db('series')
    .select('id')
    .whereNotNull('broadcast')
    // One edit must not undo another.
    .whereNot('title', 'like', 'Edited %')
    .whereExists(db('episodes').whereRaw('episodes.series_id = series.id').where({ version: 1 }))
    .orderByRaw('md5(id::text || ?)', [String(seed)])
    .limit(40);
  for (const { id } of series) {
    const current = await findSeries(db, id);
    if (!current) continue;
    const title = `Edited ${id} ${seed}`;
    await updateSeries(
      catalog,
      admin,
      id,
      seriesSchema.parse({ title, slug: current.slug }),
      current.version,
    );
    kept.push({ what: `title of ${id}`, holds: async () => (await findSeries(db, id))?.title === title });
    const episodes: { id: string }[] = await db('episodes')
      .select('id')
      .where({ series_id: id, version: 1 })
      .whereNull('deleted_at')
      .orderBy('number', 'desc')
      .limit(4);
    const [deleted, hidden, renumbered, retitled] = episodes.map((episode) => episode.id);
    if (deleted) {
      await deleteEpisode(catalog, admin, deleted);
      kept.push({
        what: `deletion of ${deleted}`,
        holds: async () => (await row(db, deleted)).deleted_at !== null,
      });
    }
    if (hidden) await keep(hidden, { status: 'hidden' });
    if (renumbered) await keep(renumbered, { number: '998.5' });
    if (retitled) await keep(retitled, { title: 'Edited' });
    const own = await newEpisode(catalog, id, { number: String(9_000 + seed), kind: 'special' });
    kept.push({ what: `own ${own.id}`, holds: async () => (await row(db, own.id)).deleted_at === null });
  }
  return kept;

  async function keep(id: string, change: Record<string, unknown>): Promise<void> {
    await updateEpisode(catalog, admin, id, ({ number }) => episodeInput({ number, ...change }));
    const before = await row(db, id);
    kept.push({
      what: `${JSON.stringify(change)} of ${id}`,
      holds: async () => JSON.stringify(await row(db, id)) === JSON.stringify(before),
    });
  }
}

async function row(db: Database, id: string) {
  return db('episodes')
    .select('number', 'status', 'title', 'version', 'published_at', 'deleted_at')
    .where({ id })
    .first();
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
