import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../../src/platform/project';

const compose = parse(readFileSync(join(projectRoot(), 'docker-compose.yml'), 'utf8'), { merge: true });
const services: [string, Record<string, unknown>][] = Object.entries(compose.services);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nipnime-secrets-'));
  mkdirSync(join(folder, 'deploy'));
  cpSync(join(projectRoot(), 'deploy/secrets.sh'), join(folder, 'deploy/secrets.sh'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function makeSecrets(): Record<string, string> {
  execFileSync('sh', [join(folder, 'deploy/secrets.sh')]);
  const files = ['session-secret', 'postgres-password', 'database-url', 'redis.conf', 'redis-url'];
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, 'secrets', name), 'utf8')]));
}

test('its secrets are made once, and kept', () => {
  const made = makeSecrets();
  const password = made['postgres-password']?.trim() ?? '';
  expect(password).toMatch(/^[0-9a-f]{64}$/);
  expect(made['session-secret']).toMatch(/^[0-9a-f]{64}\n$/);
  expect(made['database-url']).toBe(`postgres://nipnime:${password}@postgres:5432/nipnime\n`);
  const [, redis = ''] = /^requirepass ([0-9a-f]{64})\n$/.exec(made['redis.conf'] ?? '') ?? [];
  expect(made['redis-url']).toBe(`redis://:${redis}@redis:6379\n`);
  expect(new Set([password, redis, made['session-secret']?.trim()]).size).toBe(3);
  expect(makeSecrets()).toEqual(made);
  // Containers have accounts of their own; those of the machine are kept out by the folder.
  expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'secrets/redis-url')).mode & 0o777).toBe(0o644);
});

test('secrets that .env has held are taken over', () => {
  writeFileSync(
    join(folder, '.env'),
    'SESSION_SECRET=s1\nPOSTGRES_PASSWORD=p2\nNODES=3\nREDIS_PASSWORD=r3\n',
  );
  expect(makeSecrets()).toEqual({
    'session-secret': 's1\n',
    'postgres-password': 'p2\n',
    'database-url': 'postgres://nipnime:p2@postgres:5432/nipnime\n',
    'redis.conf': 'requirepass r3\n',
    'redis-url': 'redis://:r3@redis:6379\n',
  });
});

test('the Compose file asks for the secrets that are made, and has none in it', () => {
  const made = Object.keys(makeSecrets());
  const files: { file: string }[] = Object.values(compose.secrets);
  expect(files.map(({ file }) => file.replace('./secrets/', '')).sort()).toEqual(made.sort());
  const used = services.flatMap(([, service]) => (service.secrets ?? []) as string[]);
  expect([...new Set(used)].sort()).toEqual(Object.keys(compose.secrets).sort());
  expect(JSON.stringify(compose)).not.toMatch(/\$\{[A-Z_]*(?:SECRET|PASSWORD)/);
});

test('what its services run is there', () => {
  const named = services.flatMap(([, { entrypoint }]) => (entrypoint ?? []) as string[]);
  const scripts = named.filter((word) => word.startsWith('/etc/nipnime/'));
  expect(scripts).toHaveLength(2);
  for (const script of scripts)
    expect(existsSync(join(projectRoot(), script.replace('/etc/nipnime', 'deploy')))).toBe(true);
});

test('nobody but nginx has a port', () => {
  expect(services.filter(([, service]) => 'ports' in service).map(([name]) => name)).toEqual([]);
  const ports = parse(readFileSync(join(projectRoot(), 'deploy/ports.yml'), 'utf8')).services;
  expect(ports).toEqual({
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as Compose reads it
    ports: { ports: ['${PORT:-8080}:8080'] },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as Compose reads it
    'ports-https': { ports: ['${PORT:-80}:8080', '${HTTPS_PORT:-443}:8443'] },
  });
});
