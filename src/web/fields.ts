import { z } from 'zod';
import { UTC, writeTime } from './time-zone';

/** How a field stands in a form; attributes as views/forms/field.ejs takes them. */
type Control =
  | {
      readonly kind: 'input';
      readonly type?: 'datetime-local';
      readonly inputmode?: 'decimal' | 'numeric' | 'url';
      readonly list?: 'language-tags';
      readonly placeholder?: string;
      /** No text of a language: no spelling, no capitals. */
      readonly code?: true;
      /** A time in UTC. */
      readonly utc?: true;
      /** A time on the clocks of this zone, whoever types it. */
      readonly zone?: 'Asia/Tokyo';
      /** The address of a video server, by which its kind is guessed. */
      readonly serverUrl?: true;
      readonly modifier?: string;
    }
  | { readonly kind: 'textarea'; readonly rows: number; readonly modifier?: string }
  | { readonly kind: 'select'; readonly options: readonly Option[] }
  | { readonly kind: 'switch' }
  /** A picture; its text is what it is called. */
  | { readonly kind: 'image'; readonly of: 'poster' | 'still' }
  /** A list of things that have fields of their own. `key`: the field by which those are told apart that have no ids. */
  | { readonly kind: 'rows'; readonly rowLabel: string; readonly fields: Fields; readonly key?: string };

type Option = { readonly value: string; readonly label: string };

/** What is said, once, about a field that can be edited. `Known` is its value where one is made, `Value` where one is taken. */
type Description<Value, Known = Value, Initial = Readonly<Known>> = {
  readonly label: string;
  /** What stands under the field of the form. */
  readonly help?: string;
  /** It must be filled in. */
  readonly required?: true;
  readonly control: Control;
  /** The part of the form in which it stands. */
  readonly section?: string;
  /** Its name in the form, where that is another one than in the API. */
  readonly inputName?: string;
  /** None for what has a table of its own. */
  readonly column?: string;
  /** What the column has, as it is worked with. */
  readonly fromColumn?: (value: Value) => Known;
  /** What the driver is given, where that isn't the value itself: it takes a list of JSON for one of Postgres. */
  readonly toColumn?: (value: Value) => unknown;
  /** What a new one has that says nothing of it. */
  readonly initial?: Initial;
  /** What the API answers, and how it is made where that isn't the value itself. */
  readonly answer: z.ZodType;
  readonly toAnswer?: (value: Value) => unknown;
  /** What stands in the form, and in a comparison of two versions. A switch that is on is `1`. */
  readonly toText?: (value: Value) => string;
  /** What `schema` parses of a text that was typed. */
  readonly fromText?: (text: string) => unknown;
  /** An error of `schema` in the words of the form, which may speak of the value in another way. */
  readonly inForm?: (message: string) => string;
};

/** A field of any type. */
export type Field = Description<never, unknown, unknown> & { readonly schema: z.ZodType };
export type Fields = Readonly<Record<string, Field>>;

/** @param schema parses what comes from outside, from a form as well as from a script */
export function field<Schema extends z.ZodType, const Given extends Description<z.output<Schema>>>(
  schema: Schema,
  given: Given,
): Given & { readonly schema: Schema } {
  return { ...given, schema };
}

/** Options whose labels are their values with a capital. */
export function capitalised(values: readonly string[]): readonly Option[] {
  return values.map((value) => ({ value, label: value.charAt(0).toUpperCase() + value.slice(1) }));
}

type SchemaOf<F extends Field> = F['schema'];
type NewSchemaOf<F extends Field> = F extends { readonly initial: unknown }
  ? z.ZodDefault<SchemaOf<F>>
  : SchemaOf<F>;

/** The shape of what changes some of the fields. */
export function patchShape<F extends Fields>(fields: F): { [Name in keyof F]: SchemaOf<F[Name]> } {
  const shape = Object.entries(fields).map(([name, { schema }]) => [name, schema]);
  // Each name of F has the schema that F has there.
  return Object.fromEntries(shape) as { [Name in keyof F]: SchemaOf<F[Name]> };
}

/** The shape of a new one: what is not given is as `initial` says. */
export function newShape<F extends Fields>(fields: F): { [Name in keyof F]: NewSchemaOf<F[Name]> } {
  const shape = Object.entries(fields).map(([name, given]) => [
    name,
    given.initial === undefined ? given.schema : given.schema.default(given.initial),
  ]);
  // As above, with a default where F has an initial value.
  return Object.fromEntries(shape) as { [Name in keyof F]: NewSchemaOf<F[Name]> };
}

/** What an answer has that follows from other fields: it may be sent back, whatever it is by then. */
export function overlooked<Name extends string>(...names: readonly Name[]): Record<Name, typeof OVERLOOKED> {
  // There is one for each name.
  return Object.fromEntries(names.map((name) => [name, OVERLOOKED])) as Record<Name, typeof OVERLOOKED>;
}
const OVERLOOKED = z.unknown().optional().meta({ description: 'Overlooked: it follows from the rest.' });

export type ValuesOf<F extends Fields> = {
  readonly [Name in keyof F]: ReadonlyList<z.output<SchemaOf<F[Name]>>>;
};
type ReadonlyList<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value;

/** The values of the fields, and nothing else that `from` has. */
export function pick<F extends Fields, From extends ValuesOf<F>>(fields: F, from: From): Pick<From, keyof F> {
  // The names are those of F, all of which From has.
  return Object.fromEntries(Object.keys(fields).map((name) => [name, from[name]])) as Pick<From, keyof F>;
}

/** A row of the table, as far as it is described; no value of a row is undefined. */
export type RowOf<F extends Fields> = {
  readonly [Name in keyof F as F[Name] extends { readonly column: infer C extends string }
    ? C
    : never]: Exclude<z.output<SchemaOf<F[Name]>>, undefined>;
};

export function columnNames(fields: Fields): string[] {
  return Object.values(fields).flatMap(({ column }) => column ?? []);
}

/** The columns with the values to be written. */
export function toColumns<F extends Fields>(fields: F, values: Partial<ValuesOf<F>>): Partial<RowOf<F>> {
  const columns = Object.entries(fields).flatMap(([name, { column, toColumn }]) => {
    const value = values[name] as never;
    return column === undefined ? [] : [[column, toColumn ? toColumn(value) : value]];
  });
  // Each column of F has the value of its field.
  return Object.fromEntries(columns) as Partial<RowOf<F>>;
}

type ColumnField<F extends Fields> = {
  [Name in keyof F]: F[Name] extends { readonly column: string } ? Name : never;
}[keyof F];

/** The values of the fields that have columns. */
export function fromColumns<F extends Fields>(
  fields: F,
  row: RowOf<F>,
): { readonly [Name in ColumnField<F>]: Exclude<z.output<SchemaOf<F[Name]>>, undefined> } {
  const read: Readonly<Record<string, unknown>> = row;
  const values = Object.entries(fields).flatMap(([name, { column, fromColumn }]) => {
    if (column === undefined) return [];
    // What a column of the field has is a value of the field.
    const value = read[column] as never;
    return [[name, fromColumn ? fromColumn(value) : value]];
  });
  // As for toColumns, the other way.
  return Object.fromEntries(values) as { readonly [Name in ColumnField<F>]: never };
}

/** The shape of what the API answers. */
export function answerShape<F extends Fields>(fields: F): { [Name in keyof F]: F[Name]['answer'] } {
  const shape = Object.entries(fields).map(([name, { answer }]) => [name, answer]);
  // Each name of F has the schema that F has there.
  return Object.fromEntries(shape) as { [Name in keyof F]: F[Name]['answer'] };
}

/** What the API answers of the fields. */
export function toAnswer<F extends Fields>(
  fields: F,
  values: ValuesOf<F>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, given]) => {
      const value = values[name] as never;
      return [name, given.toAnswer ? given.toAnswer(value) : value];
    }),
  );
}

/** A value as the form and comparisons show it. */
export function toText(given: Field, value: unknown): string {
  // Whoever calls has the value from the field, or from its schema.
  if (given.toText) return given.toText(value as never);
  if (typeof value === 'boolean') return value ? '1' : '';
  return value === null || value === undefined ? '' : String(value);
}

/**
 * The text of a field for people: of a choice its label, of a switch `on` or `off`, of a time its zone as well, of a picture hardly more than
 * that there is one.
 * @param zone the times are in, beside UTC
 */
export function forPeople({ control }: Pick<Field, 'control'>, text: string, zone = UTC): string {
  if (control.kind === 'switch') return text === '' ? 'off' : 'on';
  if (control.kind === 'image') return text === '' ? '' : `picture ${text.slice(0, 6)}`;
  if (control.kind === 'input' && control.utc && text !== '') {
    const utc = `${text.replace('T', ' ')} UTC`;
    const local = writeTime(new Date(`${text}Z`), zone).replace('T', ' ');
    return zone === UTC ? utc : `${local} ${zone} (${utc})`;
  }
  if (control.kind === 'input' && control.zone && text !== '')
    return `${text.replace('T', ' ')} ${control.zone}`;
  if (control.kind !== 'select') return text;
  return control.options.find(({ value }) => value === text)?.label ?? text;
}
