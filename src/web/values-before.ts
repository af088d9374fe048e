import type { Field, Fields } from './fields';
import { mergeValues } from './merge';

/** What became of a field, as JSON has it. */
type Change = { readonly before?: unknown; readonly after?: unknown };

/**
 * What something is when one change of it is taken back: its fields as they were before, and whatever was changed since as it is. Video
 * servers and the like row by row. Where the same was changed again, or what the change tells can't be read, the problem in words.
 */
export function valuesBefore<V extends object>(
  fields: Fields,
  changes: Readonly<Record<string, Change>>,
  current: V,
): { readonly values: V } | { readonly problem: string } {
  const base: Record<string, unknown> = Object.fromEntries(Object.entries(current));
  const before = { ...base };
  const touched: Record<string, Field> = {};
  for (const [name, change] of Object.entries(changes)) {
    const field = fields[name];
    // What follows from others, or is no field any more, comes back with them or not at all.
    if (!field) continue;
    const [was, became] = [change.before, change.after].map((value) => field.schema.safeParse(value));
    if (!was?.success || !became?.success)
      return { problem: `${field.label} was written down in a form that is no longer known.` };
    touched[name] = field;
    base[name] = became.data;
    before[name] = was.data;
  }
  if (Object.keys(touched).length === 0) return { problem: 'Nothing of it can be taken back.' };
  // Each value comes from the schema of its field, or from `current`.
  const merged = mergeValues(touched, { base, mine: before as V, theirs: current });
  const again = new Set(merged.conflicts.map(({ field }) => fields[field]?.label ?? field));
  if (again.size > 0) return { problem: `Changed again since: ${[...again].join(', ')}.` };
  return { values: { ...current, ...merged.values } };
}
