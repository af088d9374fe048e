import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';
import { describeWithPrograms } from '../support/programs';

const folder = join(projectRoot(), 'deploy', 'observability');
const promtool = (...args: readonly string[]) =>
  spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });

// Debian: in the package prometheus.
describeWithPrograms(['promtool'], 'the alert rules', () => {
  test.each([
    ['are rules', ['check', 'rules', 'alerts.yml']],
    ['fire when they should, and stay silent while all is well', ['test', 'rules', 'alerts.test.yml']],
    [
      'are where the configuration of Prometheus looks',
      ['check', 'config', '--syntax-only', 'prometheus.yml'],
    ],
  ])('%s', (_what, args) => {
    const { stdout, stderr, status } = promtool(...args);
    expect(`${stdout}${stderr}`).not.toContain('FAILED');
    expect(status).toBe(0);
  });
});
