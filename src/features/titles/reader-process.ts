import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../../platform/database';
import { projectRoot } from '../../platform/project';
import { secretVariables } from '../../platform/secret-files';
import { findUnreadTitles } from './readings';

/** Some thousand titles take seconds; what takes longer hangs. */
const MAX_MS = 600_000;
const MAX_REASON_LENGTH = 2_000;

/**
 * Lets `npm run titles:read` read what is not read yet, in a process of its own: the dictionary is large, and serving should not
 * wait for it. Starts none when everything is read.
 */
export async function readTitlesInProcess(db: Database, databaseUrl: string): Promise<void> {
  if ((await findUnreadTitles(db, 1)).length === 0) return;
  const child = spawn(process.execPath, [join(projectRoot(), 'dist', 'commands', 'read-titles.js')], {
    env: { ...process.env, ...secretVariables({ DATABASE_URL: databaseUrl }) },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: MAX_MS,
  });
  const end = (): unknown => child.kill();
  process.once('exit', end);
  let reason = '';
  child.stderr.on('data', (chunk) => {
    reason = (reason + String(chunk)).slice(-MAX_REASON_LENGTH);
  });
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`Titles were not read: the process ended with ${code}. ${reason}`.trim());
  } finally {
    process.removeListener('exit', end);
  }
}
