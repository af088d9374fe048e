import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../src/platform/project';

const run = promisify(execFile);

/** The unit as it is shipped, but for the path of Node on this machine. */
async function unit(): Promise<string> {
  const text = await readFile(join(projectRoot(), 'deploy', 'nipnime.service'), 'utf8');
  expect(text).toContain('ExecStart=/usr/bin/node ');
  return text.replace('ExecStart=/usr/bin/node ', `ExecStart=${process.execPath} `);
}

const hasSystemd = existsSync('/usr/bin/systemd-analyze');
// CI installs it.
const testWithSystemd = hasSystemd || process.env.CI === 'true' ? test : test.skip;

testWithSystemd(
  'systemd finds nothing wrong with the unit, and little that the site could do beyond its work',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nipnime-unit-'));
    const file = join(folder, 'nipnime.service');
    try {
      await writeFile(file, await unit());
      const verified = await run('systemd-analyze', ['verify', '--man=no', file]);
      expect(verified.stderr).toBe('');
      // 0 is the most confined, 10 the least: what this command calls "OK" ends at 2.
      await run('systemd-analyze', ['security', '--offline=true', '--threshold=20', file]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  60_000,
);
