import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type Account,
  canReach,
  ENTER,
  exists,
  makeFreshFolder,
  makeOpenFolder,
  renameUnlessThere,
} from '../files';
import { SetupError } from '../setup-error';
import {
  binariesWithinReach,
  findPostgresBinaries,
  type PostgresBinaries,
  programFailure,
  programPath,
} from './postgres-binaries';
import { scramVerifier } from './scram-verifier';
import { accountFor, giveDataTo, INITDB_ACCOUNT } from './server-account';

export const SUPERUSER = 'postgres';
/** Without the caller's PG* variables, and with messages in English. */
export const SERVER_ENV = { LC_ALL: 'C' };

/** Where a server that may not run as root can reach its files. */
const REACHABLE_FOLDER = '/var/lib/nipnime';

/** A database cluster on disk, and what is needed to serve it. */
export type Cluster = {
  readonly binaries: PostgresBinaries;
  /** Holds the cluster's folder and the server's logs. */
  readonly directory: string;
  /** Holds the data and the password, which belong together. */
  readonly folder: string;
  /** PGDATA. */
  readonly data: string;
  readonly passwordFile: string;
  readonly password: string;
  /** Undefined: the caller's own. */
  readonly account: Account | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly notify: (message: string) => void;
};

type Place = {
  readonly directory: string;
  readonly notify?: (message: string) => void;
  readonly settings?: Readonly<Record<string, string>>;
};

type Located = Omit<Cluster, 'password'>;

/** Finds the cluster that belongs to `directory`, or makes it. */
export async function prepareCluster(place: Place): Promise<Cluster> {
  const cluster = await locateCluster(place);
  if (await exists(cluster.folder)) await requireSameMajor(cluster);
  else await createCluster(cluster);
  return { ...cluster, password: await readPassword(cluster) };
}

async function locateCluster({ directory, settings = {}, notify = () => {} }: Place): Promise<Located> {
  const binaries = await findPostgresBinaries();
  await mkdir(directory, { recursive: true });
  const wanted = clusterIn(await realpath(directory));
  const rest = { settings, notify };
  if (process.getuid?.() !== 0) return { ...wanted, ...rest, binaries, account: undefined };

  const account = await accountFor(wanted.data);
  const reachable = {
    ...rest,
    account,
    binaries: await binariesWithinReach(binaries, account, REACHABLE_FOLDER),
  };
  if (await canReach(wanted.directory, account, ENTER)) return { ...wanted, ...reachable };
  if (await exists(wanted.data)) {
    throw new SetupError(
      `Postgres refuses to run as root, and the account ${account.uid} can't reach the database in ${wanted.directory}. Let it enter the folders above, or start as the owner of the files.`,
    );
  }
  const hash = createHash('sha256').update(wanted.directory).digest('hex').slice(0, 12);
  const elsewhere = clusterIn(join(REACHABLE_FOLDER, hash));
  await makeOpenFolder(elsewhere.directory);
  notify(
    `Postgres refuses to run as root, and no other account can enter ${wanted.directory}: the database is in ${elsewhere.directory}.`,
  );
  return { ...elsewhere, ...reachable };
}

function clusterIn(directory: string) {
  // The password lies within the folder that is renamed into place, so there never is a cluster without one.
  const folder = join(directory, 'cluster');
  return { directory, folder, data: join(folder, 'data'), passwordFile: join(folder, 'password') };
}

async function createCluster(cluster: Located): Promise<void> {
  cluster.notify(`Creating the database in ${cluster.directory} (only at the first start).`);
  const fresh = await makeFreshFolder(cluster.directory);
  try {
    const password = randomBytes(24).toString('base64url');
    await writeFile(join(fresh, 'password'), password, { mode: 0o600, flush: true });
    // What initdb reads lets nobody log in: it runs as an account that others have, too.
    const verifierFile = join(fresh, 'verifier');
    await writeFile(verifierFile, scramVerifier(password), { mode: 0o600 });
    const { account } = cluster;
    const maker = account && INITDB_ACCOUNT;
    if (maker) for (const path of [fresh, verifierFile]) await chown(path, maker.uid, maker.gid);
    await initialise({ ...cluster, account: maker }, fresh, verifierFile);
    await rm(verifierFile);
    if (account) await giveDataTo(account, join(fresh, 'data'));
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
  await renameUnlessThere(fresh, cluster.folder);
}

async function initialise(cluster: Located, fresh: string, verifierFile: string): Promise<void> {
  const ctypes = characterTypes();
  for (const ctype of ctypes) {
    const args = [
      ...['-D', join(fresh, 'data'), '-U', SUPERUSER, '--auth=scram-sha-256', `--pwfile=${verifierFile}`],
      ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...['--locale=C', `--lc-ctype=${ctype}`],
      ...(cluster.settings.fsync === 'off' ? ['--no-sync'] : []),
    ];
    try {
      await runProgram(cluster, 'initdb', args, fresh);
      return;
    } catch (cause) {
      const output = outputOf(cause);
      const isLast = ctype === ctypes.at(-1);
      if (isLast || !output.includes('locale')) throw programFailure('initdb', output, cause);
    }
  }
}

// pg_trgm asks the C library what a letter is, not the builtin locale: with "C" it drops every non-ASCII one,
// and a search for a Japanese title finds nothing.
function characterTypes(): string[] {
  switch (process.platform) {
    case 'darwin':
      return ['UTF-8', 'en_US.UTF-8', 'C'];
    case 'win32':
      return ['en-US', 'C'];
    default:
      return ['C.UTF-8', 'en_US.UTF-8', 'C'];
  }
}

/** A major version of Postgres can't read the files of another one. https://www.postgresql.org/docs/18/upgrading.html */
async function requireSameMajor({ binaries, data, directory }: Located): Promise<void> {
  const made = (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (made === '' || made === binaries.major) return;
  throw new SetupError(
    `The database in ${directory} was made by PostgreSQL ${made}, and this version of nipnime brings ${binaries.major}. Go back to the version before for \`npm run backup -- FILE\`, move ${directory} aside, and with this version \`npm run restore -- FILE --yes\`.`,
  );
}

async function readPassword(cluster: Located): Promise<string> {
  try {
    return (await readFile(cluster.passwordFile, 'utf8')).trim();
  } catch (cause) {
    throw new SetupError(
      `The database in ${cluster.directory} can't be opened without its password file ${cluster.passwordFile}. Does it belong to another user?`,
      { cause },
    );
  }
}

/** Runs a program of the package to its end. */
export async function runProgram(
  cluster: Located,
  name: 'initdb' | 'pg_ctl',
  args: readonly string[],
  cwd: string,
): Promise<void> {
  const options = { cwd, env: SERVER_ENV, windowsHide: true, ...cluster.account };
  await promisify(execFile)(programPath(cluster.binaries, name), args, options);
}

function outputOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
}
