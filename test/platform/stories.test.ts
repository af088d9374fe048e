import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';

const ROW = /^\| (?<story>[^|]+) \| `(?<file>[^`]+)` (?<name>[^|]+) \|$/gm;

const document = readFileSync(join(projectRoot(), 'docs', 'stories.md'), 'utf8');
const stories = [...document.matchAll(ROW)].flatMap(({ groups }) => (groups ? [groups] : []));

test('each story is shown by a test that is there', () => {
  expect(stories.length).toBeGreaterThan(25);
  for (const { story, file, name = '' } of stories) {
    const tests = readFileSync(join(projectRoot(), 'test', `${file}.test.ts`), 'utf8');
    expect([story, tests.includes(name)]).toEqual([story, true]);
  }
});
