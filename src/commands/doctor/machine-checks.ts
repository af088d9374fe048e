import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { exists, withAncestors } from '../../platform/files';
import { projectRoot } from '../../platform/project';
import type { Config } from '../../process/config';
import { createImageStore } from '../../process/image-store';
import { startProblem } from '../../process/start-problem';
import { type Finding, ok, problem, warning } from './finding';

const GIGABYTE = 1e9;
/** A database, or a hundred pictures, may come. */
const LITTLE_BYTES = 2 * GIGABYTE;
const NO_BYTES = 0.2 * GIGABYTE;
/** Files that a process has open besides its streams: connections of pages and to Postgres, and its own. */
const OTHER_FILES = 500;

const manifestSchema = z.object({ engines: z.object({ node: z.string().regex(/^>=\d+\.\d+$/) }) });

/** package.json says what the site needs, as `>=20.19`. */
export function checkNode(version = process.versions.node): Finding {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8'));
  const needed = manifestSchema.parse(manifest).engines.node.slice(2);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = needed.split('.').map(Number);
  const isOld = major < leastMajor || (major === leastMajor && minor < leastMinor);
  return isOld
    ? problem('node', `Node.js ${version} is too old: the site needs ${needed} or newer`)
    : ok('node', `Node.js ${version}`);
}

/** Each stream is an open file. The limit of this process is that of the site where both are started in the same way. */
export function checkOpenFiles(
  { stream, processCount }: Pick<Config, 'stream' | 'processCount'>,
  limit = openFileLimit(),
): Finding {
  const needed = stream.maxConnections + OTHER_FILES;
  const each = processCount === 1 ? 'the process' : 'each process';
  if (limit === undefined) return warning('open files', 'how many are allowed could not be told');
  return limit < needed
    ? problem(
        'open files',
        `${limit} are allowed, and ${each} may need ${needed} (SSE_MAX_CONNECTIONS is ${stream.maxConnections}): raise the limit (ulimit -n, LimitNOFILE of systemd, ulimits of Compose), or lower the setting`,
      )
    : ok(
        'open files',
        `${limit === Number.POSITIVE_INFINITY ? 'any number is' : `${limit} are`} allowed, of which ${each} may need ${needed}`,
      );
}

const reportSchema = z.object({
  userLimits: z.object({ open_files: z.object({ soft: z.union([z.number(), z.string()]) }) }),
});

/** Undefined where the system has none (Windows). Node raises its own to the hard one when it starts. */
function openFileLimit(): number | undefined {
  const report: unknown = process.report?.getReport();
  const { data } = reportSchema.safeParse(report);
  if (!data) return undefined;
  const { soft } = data.userLimits.open_files;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

/** The folder of the site's own files, where it needs one: whether it can be written to, and has room. */
export async function checkDataFolder(config: Config): Promise<Finding> {
  const { databaseUrl, sessionSecret, storage, dataDir } = config;
  const holds = [
    ...(databaseUrl === undefined ? ['the embedded database'] : []),
    ...(sessionSecret === undefined ? ['a secret'] : []),
    ...(storage === undefined ? ['pictures'] : []),
  ];
  if (holds.length === 0) return ok('data folder', 'nothing is kept in DATA_DIR');
  return checkFolder('data folder', dataDir, config, `for ${holds.join(' and ')}`);
}

/** Where uploaded pictures are kept: a bucket is written to, read and emptied again, by what the site does it with. */
export async function checkPictures(config: Config): Promise<Finding> {
  if (!config.storage) return checkFolder('pictures', join(config.dataDir, 'images'), config, 'for pictures');
  const { host, pathname } = new URL(config.storage.url);
  const store = createImageStore(config);
  const name = `${randomBytes(12).toString('hex')}.original`;
  try {
    await store.write(name, Buffer.from('A check whether pictures can be kept here.'));
    const found = await store.read(name);
    await store.remove(name);
    return found === undefined
      ? problem(
          'pictures',
          `the bucket ${host}${pathname} lost what it was given: see what else removes from it`,
        )
      : ok('pictures', `the bucket ${host}${pathname} takes, gives and forgets`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return problem(
      'pictures',
      `the bucket ${host}${pathname} can't be used (${why}): correct STORAGE_URL, or the rights of its key`,
    );
  }
}

/** One that is not there yet is made by the site: what is above it counts. Made here, it would belong to whoever runs this. */
async function checkFolder(about: string, folder: string, config: Config, what: string): Promise<Finding> {
  const candidates = withAncestors(folder);
  let there = folder;
  for (const candidate of candidates) {
    there = candidate;
    if (await exists(candidate)) break;
  }
  const file = join(there, `.nipnime-doctor-${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(file, '', { flag: 'wx' });
    await rm(file);
    const { bavail, bsize } = await statfs(there);
    return room(about, folder, bavail * bsize, what);
  } catch (error) {
    return problem(about, unwritable(error, folder, config));
  }
}

function room(about: string, folder: string, bytes: number, what: string): Finding {
  const left = `${folder} can be written to, and ${(bytes / GIGABYTE).toFixed(1)} GB are left ${what}`;
  if (bytes < NO_BYTES) return problem(about, `${left}: make room`);
  return bytes < LITTLE_BYTES ? warning(about, `${left}: make room`) : ok(about, left);
}

function unwritable(error: unknown, folder: string, config: Config): string {
  if (error instanceof Error || (typeof error === 'object' && error !== null && 'code' in error))
    return startProblem(Object.assign(error, { path: folder }), config) ?? String(error);
  return String(error);
}
