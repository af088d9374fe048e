import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where the program is, if it is installed. */
export function findProgram(program: string): string | undefined {
  // Debian keeps servers in a folder that only root looks in.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** `describe`; without these programs the suite is reported as skipped with the reason, or fails where CI asks for it. */
export function describeWithPrograms(programs: readonly string[], name: string, suite: () => void): void {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return describe(name, suite);
  const reason = `This needs ${missing.join(' and ')}.`;
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
