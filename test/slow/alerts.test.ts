import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';

const folder = join(projectRoot(), 'deploy', 'observability');
const promtool = (...args: readonly string[]) =>
  spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });

/** `describe`; without promtool the suite is reported as skipped with the reason, or fails where CI asks for it. */
function describeWithPromtool(name: string, suite: () => void): void {
  if (!promtool('--version').error) return describe(name, suite);
  const reason =
    'This needs promtool: install it (Debian: apt-get install prometheus; macOS: brew install prometheus).';
  if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(reason);
    });
    return;
  }
  console.warn(`Skipped: ${name}. ${reason}`);
  const skipped = describe.skip;
  skipped(name, suite);
}

describeWithPromtool('the alert rules', () => {
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
