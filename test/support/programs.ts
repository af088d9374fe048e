import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function isInstalled(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** `describe`; without these programs the suite is reported as skipped with the reason, or fails where CI asks for it. */
export function describeWithPrograms(programs: readonly string[], name: string, suite: () => void): void {
  const missing = programs.filter((program) => !isInstalled(program));
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
