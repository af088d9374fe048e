import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';

const ROW = /^\| (?<story>[^|]+) \| `(?<file>[^`]+)` (?<name>[^|]+) \|$/gm;

/** Below each symptom of the guide. */
const SHOWN_BY = /^### (?<story>.+)\n(?:(?!###)[^\n]*\n)*?Shown by `(?<file>[^`]+)` (?<name>.+)$/gm;

const document = readFileSync(join(projectRoot(), 'docs', 'stories.md'), 'utf8');
const stories = [...document.matchAll(ROW)].flatMap(({ groups }) => (groups ? [groups] : []));

const troubles = readFileSync(join(projectRoot(), 'docs', 'troubleshooting.md'), 'utf8');
const symptoms = [...troubles.matchAll(SHOWN_BY)].flatMap(({ groups }) => (groups ? [groups] : []));

test('each symptom of the guide is brought about by a test that is there', () => {
  expect(symptoms).toHaveLength([...troubles.matchAll(/^### /gm)].length);
  expectTests(symptoms);
});

test('each story is shown by a test that is there', () => {
  expect(stories.length).toBeGreaterThan(25);
  expectTests(stories);
});

function expectTests(told: readonly { readonly [key: string]: string }[]): void {
  for (const { story, file, name = '' } of told) {
    const tests = readFileSync(join(projectRoot(), 'test', `${file}.test.ts`), 'utf8');
    expect([story, tests.includes(name)]).toEqual([story, true]);
  }
}
