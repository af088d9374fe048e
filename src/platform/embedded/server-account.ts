import { lchown, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Account, errorCode, exists, isAlive } from '../files';
import { SetupError } from '../setup-error';

/** Who owned the files once. Other programs run as nobody too: they could read the data and signal the server. */
const NOBODY = 65_534;
/** Initdb wants a name for its account, and does its work in a second; what it makes is given away then. */
export const INITDB_ACCOUNT: Account = { uid: NOBODY, gid: NOBODY };
/**
 * Neither Debian nor systemd gives these numbers to anybody, and they exist in a container that has 65,536.
 * https://systemd.io/UIDS-GIDS/
 */
const FIRST_ID = 60_900;
const LAST_ID = 60_999;

/**
 * The account of the server where Postgres would else run as root: the owner of the files, so that root and the owner can take
 * turns. New files, and those of root and nobody, get an account of their own, a number that nobody else has.
 */
export async function accountFor(data: string): Promise<Account> {
  if (!(await exists(data))) return ownAccount();
  const { uid, gid } = await stat(data);
  if (uid !== 0 && uid !== NOBODY) return { uid, gid };
  // A server that runs can't change its account; it does at the next start.
  if (uid === NOBODY && (await isInUse(data))) return { uid, gid };
  const account = await ownAccount();
  await giveDataTo(account, data);
  return account;
}

async function ownAccount(): Promise<Account> {
  const taken = new Set([...(await idsIn('/etc/passwd')), ...(await idsIn('/etc/group'))]);
  for (let id = FIRST_ID; id <= LAST_ID; id++) if (!taken.has(id)) return { uid: id, gid: id };
  throw new SetupError(
    `All accounts from ${FIRST_ID} to ${LAST_ID} are taken: Postgres can't have one of its own.`,
  );
}

/** The third field of each line, in both files. */
async function idsIn(file: string): Promise<number[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').map((line) => Number(line.split(':')[2]));
}

async function isInUse(data: string): Promise<boolean> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && isAlive(pid);
}

/** Gives the files of a cluster, and the folder above, to the account. The folder of the data last: by its owner another start sees whether this one came to its end. */
export async function giveDataTo({ uid, gid }: Account, data: string): Promise<void> {
  const inside = await readdir(data, { recursive: true });
  for (const path of [dirname(data), ...inside.map((name) => join(data, name)), data]) {
    try {
      await lchown(path, uid, gid);
    } catch (error) {
      // Another process is faster, and its server has begun to tidy up.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}
