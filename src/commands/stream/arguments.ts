import { UsageError } from '../support/run-command';

/** The address of a site as an option or argument. @throws {UsageError} */
export function readSiteUrl(name: string, value: string | undefined): string {
  if (value === undefined || !URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    throw new UsageError(`${name} is required: the address of the site, such as http://localhost:3000.`);
  return value;
}

/** A whole number; undefined when it was not given. @throws {UsageError} */
export function wholeNumber(name: string, value: string | undefined, min: number): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value) || Number(value) < min)
    throw new UsageError(`${name}: Must be a whole number, at least ${min}.`);
  return Number(value);
}

/** A number above 0; undefined when it was not given. @throws {UsageError} */
export function positiveNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(value) || Number(value) <= 0)
    throw new UsageError(`${name}: Must be a number above 0.`);
  return Number(value);
}
