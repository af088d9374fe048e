import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { getSystemErrorMap } from 'node:util';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads each of these settings from the file that `<name>_FILE` names, as Docker and Kubernetes mount secrets; a variable that is
 * empty counts as unset. Returns the values by their settings, the files that they came from, and a sentence for each
 * file that can't be used. No sentence holds a secret.
 */
export function readSecretFiles(
  env: Environment,
  names: readonly string[],
): {
  readonly values: Map<string, string>;
  readonly files: Map<string, string>;
  readonly problems: string[];
} {
  const values = new Map<string, string>();
  const files = new Map<string, string>();
  const problems: string[] = [];
  for (const name of names) {
    const file = env[`${name}_FILE`];
    if (!file) continue;
    const read = env[name] ? { problem: `and ${name} are both set: unset one of them` } : readSecret(file);
    if (read.problem === undefined) {
      values.set(name, read.secret);
      files.set(name, file);
    } else problems.push(`${name}_FILE ${read.problem}`);
  }
  return { values, files, problems };
}

type Read = { readonly secret: string; readonly problem?: undefined } | { readonly problem: string };

/** The content of the file without its last line end, with which editors and `echo` end a file. */
function readSecret(file: string): Read {
  // Somebody may have given the secret itself, which is not to be repeated.
  if (!isAbsolute(file)) return { problem: 'must be the absolute path of a file' };
  try {
    const secret = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return secret === '' ? { problem: `names ${file}, which is empty` } : { secret };
  } catch (error) {
    const [, reason] = getSystemErrorMap().get((error as NodeJS.ErrnoException).errno ?? 0) ?? [];
    return { problem: `names ${file}, which can't be read: ${reason ?? 'its content is no text'}` };
  }
}

/** The variables that give these secrets to another process, which may otherwise find them in files, as this one did. */
export function secretVariables(secrets: Readonly<Record<string, string>>): Record<string, string> {
  const files = Object.keys(secrets).map((name) => [`${name}_FILE`, '']);
  return { ...secrets, ...Object.fromEntries(files) };
}
