import { Pool } from 'pg';
import { createDatabase, WORKING } from '../../src/platform/database';
import type { BenchServer } from './databases';
import { fillCatalog } from './fill-catalog';
import type { Catalog } from './measure';
import { findProbes } from './probes';

export type OpenCatalog = Catalog & { readonly close: () => Promise<void> };

type Options = {
  /** Ends the work between two catalogs. */
  readonly signal: AbortSignal;
  readonly tell: (message: string) => void;
};

/** Makes and fills a catalog of each size, each in a database of its own. */
export async function openCatalogs(
  server: BenchServer,
  sizes: readonly number[],
  { signal, tell }: Options,
): Promise<OpenCatalog[]> {
  const catalogs: OpenCatalog[] = [];
  try {
    for (const episodes of sizes) {
      signal.throwIfAborted();
      const startMs = performance.now();
      catalogs.push(await openCatalog(await server.create(episodes), episodes));
      const seconds = (performance.now() - startMs) / 1_000;
      tell(`Filled a catalog of ${episodes.toLocaleString('en')} episodes in ${seconds.toFixed(1)} s.`);
    }
    return catalogs;
  } catch (error) {
    for (const catalog of catalogs) await catalog.close();
    throw error;
  }
}

/** Fills the migrated database of that URL. */
export async function openCatalog(url: string, episodes: number): Promise<OpenCatalog> {
  const db = createDatabase(url, { maxConnections: 1, limits: WORKING });
  const pool = new Pool({ connectionString: url, max: 1 });
  // The database is dropped in the end, maybe before the server has noticed that this connection was closed.
  pool.on('error', () => undefined);
  const close = async (): Promise<void> => {
    await db.destroy();
    await pool.end();
  };
  try {
    await fillCatalog(db, episodes);
    return { episodes, db, pool, probes: await findProbes(db), close };
  } catch (error) {
    await close();
    throw error;
  }
}
