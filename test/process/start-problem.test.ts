import { SetupError } from '../../src/platform/setup-error';
import { loadConfig } from '../../src/process/config';
import { startProblem } from '../../src/process/start-problem';

const around = loadConfig({ PORT: '80', DATABASE_URL: 'postgres://user:hidden@db/nipnime' });

test('a port that needs a right says which, and what else to do', () => {
  const error = Object.assign(new Error('listen EACCES: permission denied 127.0.0.1:80'), {
    code: 'EACCES',
    syscall: 'listen',
    port: 80,
  });
  expect(startProblem(error, around)).toBe(
    'this process may not listen at 127.0.0.1:80 (EACCES): choose a PORT from 1024 on, with a proxy in front, or give it the right to smaller ones (CAP_NET_BIND_SERVICE).',
  );
});

test('what is said already stays as it is', () => {
  expect(startProblem(new SetupError('do this.'), around)).toBe('do this.');
});

test.each([
  new TypeError('x is not a function'),
  new Error('boom'),
  Object.assign(new Error('no such file'), { code: 'ENOENT', path: '/elsewhere/file' }),
  { code: 7 },
  undefined,
])('%p is no problem around the site', (error) => {
  expect(startProblem(error, around)).toBeUndefined();
});

test('trouble of the embedded database is not said to be of DATABASE_URL', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
  });
  expect(startProblem(refused, around)).toContain("Postgres at db:5432 can't be reached");
  expect(startProblem(refused, loadConfig({}))).toBeUndefined();
});
