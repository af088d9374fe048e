import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectRoot, siteArguments } from '../../src/platform/project';

const read = (file: string): string => readFileSync(join(projectRoot(), file), 'utf8');
const options = siteArguments().filter((argument) => argument.startsWith('--'));

test('the image, npm start and the unit start the site as the fleet and the bench do', () => {
  const script = relative(projectRoot(), siteArguments().at(-1) ?? '');
  const [, command = '[]'] = /^CMD (\[.*\])$/m.exec(read('Dockerfile')) ?? [];
  expect(JSON.parse(command)).toEqual(['node', ...options, script]);
  expect(read('deploy/nipnime.service')).toContain(
    `ExecStart=/usr/bin/node ${options.join(' ')} ${script}\n`,
  );
  expect(JSON.parse(read('package.json')).scripts.start).toBe(`node --max-semi-space-size=4 ${script}`);
});
