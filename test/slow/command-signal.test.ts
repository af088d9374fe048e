import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../src/platform/files';
import { projectRoot } from '../../src/platform/project';
import { until } from '../support/until';

/** initdb, migrations, twelve starts of Node. */
jest.setTimeout(120_000);

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'nipnime-command-'));
  // As root the server runs as somebody else, who has to get to its files.
  await chmod(dataDir, 0o755);
});
afterEach(async () => {
  // What a failed test may have left.
  const pid = await serverPid();
  if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

const pidFile = () => join(dataDir, 'postgres/cluster/data/postmaster.pid');
const serverPid = async (): Promise<number> =>
  Number((await readFile(pidFile(), 'utf8').catch(() => '')).split('\n')[0]);

test.each(['SIGINT', 'SIGTERM'] as const)(
  'the database ends with a command that gets %s, at once or when it has joined, and is not started again',
  async (signal) => {
    for (const moment of ['starting', 'ready', 'ready', 'ready', 'ready', 'ready']) {
      const command = spawn(process.execPath, ['dist/commands/migrate.js'], {
        cwd: projectRoot(),
        env: { PATH: process.env.PATH ?? '', DATA_DIR: dataDir },
      });
      const ended = once(command, 'exit');
      let said = '';
      for (const output of [command.stdout, command.stderr])
        output.on('data', (text: Buffer) => {
          said += text.toString();
        });
      await until(async () => (await serverPid()) > 0, 30_000);
      if (moment === 'ready')
        await until(async () => (await readFile(pidFile(), 'utf8')).includes('ready'), 30_000);
      const pid = await serverPid();
      command.kill(signal);
      await ended;
      expect(existsSync(pidFile())).toBe(false);
      // It takes a moment to be reaped by whoever adopted it; until then it is a zombie.
      await until(() => !isAlive(pid));
      expect(said.replace(/^The embedded database .*\n|^The schema is up to date\.\n/gm, '')).toBe('');
    }
  },
);
