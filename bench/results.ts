import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../src/platform/project';
import { BUILD_FOLDER } from './machine/compile';
import type { Machine } from './machine/machine';
import type { Measure } from './options';

/** What a measure found, where and by which command. */
export type Result<T> = {
  readonly command: string;
  /** ISO 8601 */
  readonly measuredAt: string;
  readonly machine: Machine;
  readonly found: T;
};

/** Those of quick runs mean nothing and are not committed. */
export function resultsFolder(isQuick: boolean): string {
  return isQuick ? join(BUILD_FOLDER, 'quick') : join(projectRoot(), 'bench', 'results');
}

export function writeResult(folder: string, measure: Measure, result: Result<unknown>): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${measure}.json`);
  // Four digits are more than a repeated run would confirm.
  const text = JSON.stringify(
    result,
    (_key, value: unknown) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value,
    1,
  );
  writeFileSync(file, `${text}\n`);
  return file;
}

/** Undefined when the measure was not made yet. The caller names the type that the measure writes. */
export function readResult<T>(folder: string, measure: Measure): Result<T> | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, `${measure}.json`), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
