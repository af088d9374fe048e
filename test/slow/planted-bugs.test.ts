import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';

const bugs = readdirSync(join(projectRoot(), 'test/simulation/planted'));

test('there are enough of them', () => {
  expect(bugs.length).toBeGreaterThanOrEqual(10);
});

test.each(bugs)(
  'the simulation finds a bug that is planted: %s',
  (bug) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/simulate.mjs', '--plant', bug, '--seeds', '2000'],
      { cwd: projectRoot(), encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^seed \d+:\n/);
    expect(status).toBe(1);
  },
  300_000,
);
