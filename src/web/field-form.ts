import { type Field, type Fields, forPeople, toText, type ValuesOf } from './fields';
import { textOf } from './form';
import type { FieldError } from './input';

/** The names of the fields that are one control each. */
type InputName<F extends Fields> = {
  [Name in keyof F]: F[Name]['control']['kind'] extends 'rows' ? never : Name;
}[keyof F];

/** What stands in the fields, as it was typed. A switch that is on is `1`. */
export type FormOf<F extends Fields> = { readonly [Name in InputName<F>]: string };

type Texts = Readonly<Record<string, string>>;

function inputsOf(fields: Fields): [string, Field][] {
  return Object.entries(fields).filter(([, { control }]) => control.kind !== 'rows');
}

function formBy<F extends Fields>(fields: F, textOfField: (name: string, field: Field) => string): FormOf<F> {
  const texts = inputsOf(fields).map(([name, field]) => [name, textOfField(name, field)]);
  // There is a text for each name.
  return Object.fromEntries(texts) as FormOf<F>;
}

/** The form of what is saved. */
export function formOf<F extends Fields>(fields: F, values: Partial<ValuesOf<F>>): FormOf<F> {
  return formBy(fields, (name, field) => toText(field, values[name]));
}

/** The form that was sent. */
export function formFromBody<F extends Fields>(fields: F, body: unknown): FormOf<F> {
  return formBy(fields, (name, field) => textOf(body, field.inputName ?? name));
}

/** The form in the shape that the schemas of the fields parse. */
export function formToInput<F extends Fields>(fields: F, form: FormOf<F>): Readonly<Record<string, unknown>> {
  const texts: Texts = form;
  return Object.fromEntries(
    inputsOf(fields).map(([name, { control, fromText }]) => {
      const text = texts[name] ?? '';
      if (fromText) return [name, fromText(text)];
      return [name, control.kind === 'switch' ? text !== '' : text];
    }),
  );
}

/** One thing that was typed in two versions, for whoever has to decide between them. */
export type Difference = {
  readonly label: string;
  readonly mine: string;
  readonly saved: string;
  /** Who saved it, and when: `ada@example.org, 26 Nov 2026, 14:02 UTC`. */
  readonly savedBy: string;
};

/** Rows of a form as text, one a line: `Main, File, https://…, ja, enabled on`. */
export function rowsText<F extends Fields>(fields: F, rows: readonly FormOf<F>[]): string {
  return rows
    .map((row: Texts) =>
      inputsOf(fields)
        .map(([name, field]) => namedSwitch(field, forPeople(field, row[name] ?? '')))
        .filter(Boolean)
        .join(', '),
    )
    .join('\n');
}

/** Among others in a line, `on` alone would not say of what. */
function namedSwitch({ control, label }: Field, text: string): string {
  return control.kind === 'switch' ? `${label.toLowerCase()} ${text}` : text;
}

/** Errors as a view reads them: all of them for the summary, and the first of each field by its path in the form. */
export type FormErrors = {
  readonly list: readonly { readonly href: string; readonly label: string; readonly message: string }[];
  readonly of: Texts;
};

export const NO_ERRORS: FormErrors = { list: [], of: {} };

/** Puts errors of the schemas in the words of the form, where they have others. */
export function formErrors(fields: Fields, errors: readonly FieldError[]): FormErrors {
  const placed = errors.map(({ field: path, message }) => ({ ...placeOf(fields, path), message }));
  return {
    list: placed.map(({ path, label, inForm, message }) => ({
      href: `#field-${path}`,
      label,
      message: inForm(message),
    })),
    of: Object.fromEntries(
      placed
        .reverse()
        .map(({ path, line, inForm, message }) => [
          path,
          line === undefined ? inForm(message) : `Line ${line}: ${inForm(message)}`,
        ]),
    ),
  };
}

/** Where the form has what a schema calls `videoServers.0.url`, or `synonyms.3`, and what it is called there. */
function placeOf(fields: Fields, schemaPath: string) {
  const asItIs = (message: string): string => message;
  const [name = '', index, part] = schemaPath.split('.');
  const field = fields[name];
  if (!field) return { path: schemaPath, label: schemaPath, line: undefined, inForm: asItIs };
  const { control, label, inForm = asItIs } = field;
  const path = field.inputName ?? name;
  if (index === undefined) return { path, label, line: undefined, inForm };
  const number = Number(index) + 1;
  if (control.kind !== 'rows') return { path, label, line: number, inForm };
  const partLabel = part === undefined ? undefined : control.fields[part]?.label;
  // What has no field to be seen, such as an id, is the whole row.
  return partLabel === undefined
    ? { path: `${path}.${index}`, label: `${control.rowLabel} ${number}`, line: undefined, inForm: asItIs }
    : {
        path: `${path}.${index}.${part}`,
        label: `${control.rowLabel} ${number}, ${partLabel}`,
        line: undefined,
        inForm: asItIs,
      };
}

/** What views/forms/field.ejs shows. */
export type FieldView = Readonly<Record<string, unknown>> & { readonly section: string | undefined };

/**
 * The controls of a form, in the order of the fields.
 * @param row of a list: its name and index, which are a part of the names of its fields
 */
export function fieldViews<F extends Fields>(
  fields: F,
  form: FormOf<F>,
  errors: FormErrors,
  {
    row,
    extra = {},
  }: {
    readonly row?: { readonly name: string; readonly index: number };
    /** What else a control gets, by the name of its field. */
    readonly extra?: { readonly [Name in keyof F]?: Readonly<Record<string, unknown>> };
  } = {},
): readonly FieldView[] {
  const texts: Texts = form;
  return inputsOf(fields).map(([name, { label, help, required, control, section, inputName = name }]) => {
    const path = row ? `${row.name}.${row.index}.${inputName}` : inputName;
    const { kind, ...attributes } = control;
    return {
      name: row ? `${row.name}[${row.index}][${inputName}]` : inputName,
      path,
      label,
      hint: help,
      required,
      section,
      control: kind,
      value: texts[name] ?? '',
      error: errors.of[path],
      ...attributes,
      ...extra[name],
    };
  });
}
