import { execFile } from 'node:child_process';
import { projectRoot } from '../../src/platform/project';

/** Runs the simulation as `npm run simulate` does. */
const simulate = (...args: string[]): Promise<{ readonly code: unknown; readonly output: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ['scripts/simulate.mjs', ...args],
      { cwd: projectRoot() },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, output: stdout + stderr }),
    );
  });

test('in 2,000 runs under chance every page is right, and nothing is lost, leaked or left over', async () => {
  const { code, output } = await simulate('--seeds', '2000');
  expect(output).toMatch(/^(\d+ seeds in [\d.]+ s, 0 failed\n)+$/);
  expect(code).toBe(0);
}, 120_000);

test('a seed repeats a run', async () => {
  const [first, second] = [await simulate('--seed', '7'), await simulate('--seed', '7')];
  const story = ({ output }: { readonly output: string }) => output.replace(/ in [\d.]+ s/, '');
  expect(story(first)).toContain('all is well again');
  expect(story(second)).toBe(story(first));
}, 30_000);
