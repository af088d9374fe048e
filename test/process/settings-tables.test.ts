import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describedSettings, withTables } from '../../scripts/settings-tables';
import { projectRoot } from '../../src/platform/project';
import { loadConfig } from '../../src/process/config';

const read = (name: string) => readFileSync(join(projectRoot(), name), 'utf8');

test('docs/configuration.md has what the schema says (npx tsx scripts/settings-tables.ts)', () => {
  const document = read('docs/configuration.md');
  expect(withTables(document)).toBe(document);
  for (const { name, values, description } of describedSettings()) {
    expect([name, values]).not.toContain('');
    expect(document.split(`| \`${name}\` | ${values} | `)).toHaveLength(2);
    expect(document).toContain(` | ${description} |\n`);
  }
});

test('.env.example has every setting once, with its default, or as a comment where there is none', () => {
  const lines = read('.env.example').matchAll(/^(# )?([A-Z][A-Z_]+)=(.*)$/gm);
  const found = [...lines].map(([, comment, name = '', value = '']) => ({ name, comment, value }));
  const expected = describedSettings().map(({ name, default: preset }) => ({
    name,
    comment: preset === undefined ? '# ' : undefined,
    value: preset ?? found.find((each) => each.name === name)?.value,
  }));
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  expect(found.toSorted(byName)).toEqual(expected.toSorted(byName));
});

test('.env.example can be used as it is, with its comments taken away, too', () => {
  const values = [...read('.env.example').matchAll(/^(?:# )?([A-Z][A-Z_]+)=(.*)$/gm)];
  const env = Object.fromEntries(values.map(([, name, value]) => [name, value]));
  expect(() => loadConfig(env)).not.toThrow();
});
