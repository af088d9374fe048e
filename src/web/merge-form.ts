import type { Clock } from './clock';
import { type Difference, type FormOf, formToInput, rowsText } from './field-form';
import { type Field, type Fields, forPeople, toText } from './fields';
import type { MergeConflict, Row, Values } from './merge';

/**
 * The hidden field in which a form carries what it was rendered with: at Save it tells who has changed what. It is the admin's own
 * and decides nothing but which of two versions asks a question.
 */
export function baseText(texts: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(texts);
}

/** The values that the form was rendered with, as far as they can be read: of one that is missing nothing is known. */
export function parseBase(fields: Fields, text: string): Values {
  const texts = parseJson(text);
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]): [string, unknown][] => {
      const given = texts[name];
      const { control } = field;
      if (control.kind !== 'rows') return parsed(name, field, given);
      if (!Array.isArray(given)) return [];
      return [[name, given.map((row) => parseRow(control.fields, row))]];
    }),
  );
}

function parseRow(fields: Fields, given: unknown): Row {
  const texts = isRecord(given) ? given : {};
  const { id } = texts;
  return {
    ...Object.fromEntries(
      Object.entries(fields).flatMap(([name, field]) => parsed(name, field, texts[name])),
    ),
    id: typeof id === 'string' && id !== '' ? id : undefined,
  };
}

/** The field as an entry; none where the text is none that could be saved. */
function parsed(name: string, field: Field, text: unknown): [string, unknown][] {
  if (typeof text !== 'string') return [];
  const input = formToInput({ [name]: field }, { [name]: text });
  const result = field.schema.safeParse(input[name]);
  return result.success ? [[name, result.data]] : [];
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Who made a field what it is, and when. */
type Saver = { readonly at: Date; readonly actor: { readonly name: string } };

/**
 * What both have changed, for whoever has to decide.
 * @param savers of the fields of which it is known
 * @param savedAt when the thing was last written, by whomever
 */
export function conflictViews(
  fields: Fields,
  conflicts: readonly MergeConflict[],
  {
    savers,
    savedAt,
    clock,
  }: { readonly savers: ReadonlyMap<string, Saver>; readonly savedAt: Date; readonly clock: Clock },
): readonly Difference[] {
  return conflicts.flatMap((conflict) => {
    const field = fields[conflict.field];
    if (!field) return [];
    const { label, mine, saved } = textsOf(field, conflict, clock);
    const saver = savers.get(conflict.field);
    const savedBy = `${saver?.actor.name || 'an import or a job'}, ${clock.text(saver?.at ?? savedAt)}`;
    return [{ label, mine, saved, savedBy }];
  });
}

function textsOf(field: Field, conflict: MergeConflict, { zone }: Clock): Omit<Difference, 'savedBy'> {
  if (conflict.type === 'field') {
    const text = (value: unknown): string => forPeople(field, toText(field, value), zone);
    return { label: field.label, mine: text(conflict.mine), saved: text(conflict.theirs) };
  }
  const { control } = field;
  if (control.kind !== 'rows') throw new Error(`“${field.label}” has no rows to be merged.`);
  const rowText = (row: Row): string => rowsText(control.fields, [rowForm(control.fields, row)]);
  switch (conflict.type) {
    case 'row-field': {
      const part = control.fields[conflict.part];
      const text = (value: unknown): string =>
        part ? forPeople(part, toText(part, value), zone) : String(value);
      return {
        label: `${control.rowLabel} ${conflict.index + 1}, ${part?.label ?? conflict.part}`,
        mine: text(conflict.mine),
        saved: text(conflict.theirs),
      };
    }
    case 'row-removed-by-me':
      return {
        label: `A ${control.rowLabel.toLowerCase()}`,
        mine: '(removed)',
        saved: rowText(conflict.theirs),
      };
    case 'row-removed-by-them':
      return {
        label: `${control.rowLabel} ${conflict.index + 1}`,
        mine: rowText(conflict.mine),
        saved: '(removed)',
      };
    case 'order':
      return {
        label: `Order of ${field.label.toLowerCase()}`,
        mine: rowsText(
          control.fields,
          conflict.mine.map((row) => rowForm(control.fields, row)),
        ),
        saved: rowsText(
          control.fields,
          conflict.theirs.map((row) => rowForm(control.fields, row)),
        ),
      };
    default:
      return conflict satisfies never;
  }
}

function rowForm<F extends Fields>(fields: F, row: Row): FormOf<F> {
  const texts = Object.entries(fields).map(([name, field]) => [name, toText(field, row[name])]);
  // There is a text for each name.
  return Object.fromEntries(texts) as FormOf<F>;
}

/** What others changed meanwhile, for a sentence: `Title (ada@example.org), Synopsis`. */
export function takenText(
  fields: Fields,
  taken: readonly string[],
  savers: ReadonlyMap<string, Saver>,
): string {
  return taken
    .map((name) => {
      const saver = savers.get(name)?.actor.name;
      return `${fields[name]?.label ?? name}${saver ? ` (${saver})` : ''}`;
    })
    .join(', ');
}
