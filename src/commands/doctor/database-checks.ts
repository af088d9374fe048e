import { join } from 'node:path';
import type { Database } from '../../platform/database';
import { requireExtension } from '../../platform/extensions';
import { exists } from '../../platform/files';
import { isJobsSchemaPending } from '../../platform/jobs';
import type { Logger } from '../../platform/log';
import { openAsItIs } from '../../platform/open-database';
import { requirePostgresVersion } from '../../platform/postgres-version';
import { listApplied, listPending, tellNewer } from '../../platform/schema';
import type { Config } from '../../process/config';
import { nodeConnections } from '../../process/connections';
import { startProblem } from '../../process/start-problem';
import { compareClocks } from './clock';
import { type Finding, ok, problem, warning } from './finding';

const ABOUT = 'database';

/** Postgres, its schema, its limits and its clock. One that does not run, the embedded one, is started for the time. */
export async function* checkDatabase(
  config: Config,
  nodes: number,
  log: Logger,
): AsyncGenerator<Finding, void> {
  if (config.databaseUrl === undefined && !(await exists(join(config.dataDir, 'postgres'))))
    return yield warning(
      ABOUT,
      'DATABASE_URL is not set, and there is no embedded one yet: the site makes it when it starts',
    );
  let database: Awaited<ReturnType<typeof openAsItIs>>;
  try {
    database = await openAsItIs(config, log);
  } catch (error) {
    return yield problem(ABOUT, sentenceOf(error, config));
  }
  const { db } = database;
  try {
    yield await checkServer(db, config);
    for (const check of [
      () => checkSchema(db),
      () => checkExtension(db),
      () => checkConnections(db, config, nodes),
      () => compareClocks('database clock', () => readClock(db)),
    ])
      yield await check().catch((error: unknown) => problem(ABOUT, sentenceOf(error, config)));
  } catch (error) {
    // Who does not let us in says so once.
    yield problem(ABOUT, sentenceOf(error, config));
  } finally {
    await database.close();
  }
}

function sentenceOf(error: unknown, config: Config): string {
  return startProblem(error, config) ?? (error instanceof Error ? error.message : String(error));
}

async function checkServer(db: Database, { databaseUrl }: Config): Promise<Finding> {
  const { rows } = await db.raw<{ rows: { version: string; is_read_only: boolean }[] }>(
    `select current_setting('server_version') as version,
            pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as is_read_only`,
  );
  await requirePostgresVersion(db);
  const [found] = rows;
  const name = `PostgreSQL ${found?.version ?? ''} answers${databaseUrl === undefined ? ' (the embedded one)' : ''}`;
  return found?.is_read_only
    ? problem(ABOUT, `${name}, and takes no writes: let DATABASE_URL name the primary, not a standby`)
    : ok(ABOUT, name);
}

async function checkSchema(db: Database): Promise<Finding> {
  const applied = await listApplied(db);
  const pending = await listPending(db);
  if (applied.length === 0)
    return warning('schema', 'there is none yet: npm run migrate makes it, or the site when it starts');
  const newer = tellNewer(applied);
  if (newer !== undefined) return warning('schema', newer);
  if (pending.length > 0)
    return problem(
      'schema',
      `it lacks ${pending.join(', ')}: run npm run migrate, or start this version of the site`,
    );
  return (await isJobsSchemaPending(db))
    ? problem('schema', 'that of the jobs is older than this version: run npm run migrate, or start the site')
    : ok('schema', `it is up to date (${applied.at(-1)?.name})`);
}

async function checkExtension(db: Database): Promise<Finding> {
  await requireExtension(db, 'pg_trgm');
  return ok('extensions', 'pg_trgm is there, the only one that the site uses, or can be made');
}

type Limits = {
  readonly max: number;
  readonly reserved: number;
  readonly of_database: number;
  readonly of_role: number;
  readonly others: number;
};

/** As many as all nodes may open at once, beside what others have open now. */
async function checkConnections(db: Database, { processCount }: Config, nodes: number): Promise<Finding> {
  const { rows } = await db.raw<{ rows: Limits[] }>(
    `select current_setting('max_connections')::int as max,
            current_setting('superuser_reserved_connections')::int
              + coalesce(current_setting('reserved_connections', true)::int, 0) as reserved,
            (select datconnlimit from pg_database where datname = current_database()) as of_database,
            (select rolconnlimit from pg_roles where rolname = current_user) as of_role,
            (select count(*)::int from pg_stat_activity
             where backend_type = 'client backend' and datname is distinct from current_database()) as others`,
  );
  const [limits] = rows;
  if (!limits) throw new Error('Postgres does not say how many connections it takes.');
  const { max, reserved, of_database, of_role, others } = limits;
  // -1 is none.
  const limited = [max - reserved - others, of_database, of_role].filter((limit) => limit >= 0);
  const free = Math.min(...limited);
  const needed = nodes * nodeConnections(processCount);
  const need = `${nodes === 1 ? 'a node' : `${nodes} nodes`} of ${processCount} process${processCount === 1 ? '' : 'es'} may open ${needed} connections`;
  return needed > free
    ? problem(
        'connections',
        `${need}, and ${free} are to be had: raise max_connections of Postgres (${max}), or lower WEB_CONCURRENCY`,
      )
    : ok('connections', `${need} of ${free} that are to be had`);
}

async function readClock(db: Database): Promise<number> {
  const { rows } = await db.raw<{ rows: { now: Date }[] }>('select clock_timestamp() as now');
  return rows[0]?.now.getTime() ?? Number.NaN;
}
