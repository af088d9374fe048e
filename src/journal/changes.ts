import { isDeepStrictEqual } from 'node:util';
import type { Changes, Json } from './entry';

/** What is true of a subject, field by field. */
export type Facts = Readonly<Record<string, unknown>>;

/**
 * The fields that differ. Of a subject that was made or has gone (undefined) those are all that say something: null and empty
 * texts and lists are left out.
 */
export function changesBetween(before: Facts | undefined, after: Facts | undefined): Changes {
  const names = Object.keys(after ?? before ?? {});
  return Object.fromEntries(
    names.flatMap((name) => {
      const old = toJson(before?.[name]);
      const now = toJson(after?.[name]);
      if (isDeepStrictEqual(old, now) || (!(before && after) && isEmpty(old) && isEmpty(now))) return [];
      return [[name, { ...(before && { before: old }), ...(after && { after: now }) }]];
    }),
  );
}

/** As it is read back from the journal: a Date is its text in ISO 8601. */
export function toJson(value: unknown): Json {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

function isEmpty(value: Json): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
