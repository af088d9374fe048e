import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../src/platform/project';
import { settings } from '../src/process/settings';

/** Writes the tables of docs/configuration.md anew, from the schema of the settings. A test compares them. */
const DOCUMENT = join(projectRoot(), 'docs', 'configuration.md');
const TABLE = /(<!-- settings( of SSE)?: [^>]*>\n).*?(<!-- end of settings -->)/gs;

type Setting = {
  readonly name: string;
  readonly default: string | undefined;
  /** As the table says them, in Markdown. */
  readonly values: string;
  readonly unset: string;
  readonly description: string;
};

/** What a setting's `meta` may say, and what zod says itself. */
const documented = z.object({
  description: z.string(),
  enum: z.array(z.string()).optional(),
  values: z.string().optional(),
  unset: z.string().default('–'),
});

/** The settings that are for operators, in the order of the schema. */
export function describedSettings(): Setting[] {
  const { properties = {} } = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' });
  return Object.entries(settings.shape).flatMap(([name, schema]) => {
    if (schema.meta()?.description === undefined) return [];
    const { enum: options, values, unset, description } = documented.parse(properties[name]);
    const preset = schema.parse(undefined);
    return {
      name,
      default: preset === undefined ? undefined : String(preset),
      values: values ?? options?.map((option) => `\`${option}\``).join(', ') ?? '',
      unset,
      description,
    };
  });
}

/** The document with its tables as they should be. */
export function withTables(document: string): string {
  const all = describedSettings();
  return document.replace(TABLE, (_all, begin: string, ofStream: string | undefined, end: string) => {
    const rows = all
      .filter(({ name }) => name.startsWith('SSE_') === (ofStream !== undefined))
      .map(
        ({ name, default: preset, values, unset, description }) =>
          `| \`${name}\` | ${values} | ${preset === undefined ? unset : `\`${preset}\``} | ${description} |\n`,
      );
    return `${begin}\n| variable | values | default | meaning |\n|---|---|---|---|\n${rows.join('')}\n${end}`;
  });
}

if (require.main === module) writeFileSync(DOCUMENT, withTables(readFileSync(DOCUMENT, 'utf8')));
