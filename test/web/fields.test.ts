import { z } from 'zod';
import {
  fieldViews,
  formErrors,
  formFromBody,
  formOf,
  formToInput,
  rowsText,
} from '../../src/web/field-form';
import {
  columnNames,
  field,
  fromColumns,
  newShape,
  patchShape,
  pick,
  toAnswer,
  toColumns,
} from '../../src/web/fields';

const PART = {
  name: field(z.string().min(1, 'Must not be empty.'), {
    label: 'Name',
    control: { kind: 'input' },
    column: 'name',
    answer: z.string(),
  }),
  on: field(z.boolean(), {
    label: 'Shown',
    control: { kind: 'switch' },
    column: 'is_on',
    initial: true,
    answer: z.boolean(),
  }),
} as const;

const THING = {
  length: field(z.number().nullable(), {
    label: 'Length',
    help: 'In minutes',
    section: 'main',
    control: { kind: 'input', inputmode: 'decimal' },
    inputName: 'minutes',
    column: 'length_seconds',
    initial: null,
    answer: z.number().nullable(),
    toAnswer: (seconds) => seconds,
    toText: (seconds) => (seconds === null ? '' : String(seconds / 60)),
    fromText: (text) => (text === '' ? null : Number(text) * 60),
    inForm: () => 'Must be a number of minutes.',
  }),
  kind: field(z.enum(['a', 'b']), {
    label: 'Kind',
    control: {
      kind: 'select',
      options: [
        { value: 'a', label: 'Kind A' },
        { value: 'b', label: 'Kind B' },
      ],
    },
    column: 'kind',
    answer: z.enum(['a', 'b']),
  }),
  names: field(z.array(z.string().max(3, 'Too long.')), {
    label: 'Names',
    control: { kind: 'textarea', rows: 3 },
    column: 'names',
    initial: [],
    answer: z.array(z.string()),
    toText: (names) => names.join('\n'),
    fromText: (text) => text.split('\n'),
  }),
  parts: field(z.array(z.object(newShape(PART))), {
    label: 'Parts',
    control: { kind: 'rows', rowLabel: 'Part', fields: PART },
    initial: [],
    answer: z.array(z.unknown()),
  }),
} as const;

const value = { length: 90, kind: 'b', names: ['x', 'y'], parts: [{ name: 'p', on: true }] } as const;

test('a new one has what it says nothing of; a patch has only what it says', () => {
  expect(z.strictObject(newShape(THING)).parse({ kind: 'a' })).toEqual({
    length: null,
    kind: 'a',
    names: [],
    parts: [],
  });
  expect(z.strictObject(patchShape(THING)).partial().parse({ kind: 'a' })).toEqual({ kind: 'a' });
});

test('columns and rows are those that are described, and no others', () => {
  expect(columnNames(THING)).toEqual(['length_seconds', 'kind', 'names']);
  const given = { ...value, names: ['x', 'y'], parts: [], other: 1 };
  expect(toColumns(THING, given)).toEqual({ length_seconds: 90, kind: 'b', names: ['x', 'y'] });
  expect(fromColumns(THING, { length_seconds: 90, kind: 'b', names: ['x'] })).toEqual({
    length: 90,
    kind: 'b',
    names: ['x'],
  });
  expect(pick(THING, given)).not.toHaveProperty('other');
  expect(Object.keys(toAnswer(THING, given))).toEqual(['length', 'kind', 'names', 'parts']);
});

test('what a form shows is what it sends', () => {
  const form = formOf(THING, { ...value, names: ['x', 'y'], parts: [] });
  expect(form).toEqual({ length: '1.5', kind: 'b', names: 'x\ny' });
  const sent = formFromBody(THING, { minutes: '1.5', kind: 'b', names: 'x\r\ny', other: 'x' });
  expect(sent).toEqual(form);
  expect(formToInput(THING, sent)).toEqual({ length: 90, kind: 'b', names: ['x', 'y'] });
  expect(formToInput(PART, formFromBody(PART, { name: 'p' }))).toEqual({ name: 'p', on: false });
});

test('an error stands where the form has the field, in its words', () => {
  const errors = formErrors(THING, [
    { field: 'length', message: 'NaN' },
    { field: 'names.1', message: 'Too long.' },
    { field: 'names.2', message: 'Too long.' },
    { field: 'parts.0.name', message: 'Must not be empty.' },
    { field: 'parts.1.id', message: 'Unknown.' },
    { field: 'elsewhere', message: 'There is no such field.' },
  ]);
  expect(errors.list.map(({ href, label }) => `${href} ${label}`)).toEqual([
    '#field-minutes Length',
    '#field-names Names',
    '#field-names Names',
    '#field-parts.0.name Part 1, Name',
    '#field-parts.1 Part 2',
    '#field-elsewhere elsewhere',
  ]);
  expect(errors.of).toEqual({
    minutes: 'Must be a number of minutes.',
    names: 'Line 2: Too long.',
    'parts.0.name': 'Must not be empty.',
    'parts.1': 'Unknown.',
    elsewhere: 'There is no such field.',
  });
  const [length] = fieldViews(THING, { length: 'x', kind: 'a', names: '' }, errors);
  expect(length).toMatchObject({
    name: 'minutes',
    label: 'Length',
    hint: 'In minutes',
    value: 'x',
    section: 'main',
    error: 'Must be a number of minutes.',
  });
  const [name] = fieldViews(PART, { name: '', on: '' }, errors, { row: { name: 'parts', index: 0 } });
  expect(name).toMatchObject({ name: 'parts[0][name]', path: 'parts.0.name', error: 'Must not be empty.' });
});

test('rows are told in words for people', () => {
  const rows = [
    { name: 'p', on: '1' },
    { name: 'q', on: '' },
  ];
  expect(rowsText(PART, rows)).toBe('p, shown on\nq, shown off');
});
