import { z } from 'zod';
import { addressProblem } from '../../platform/public-fetch';
import { textOf } from '../../web/form';
import { line, type Parsed, parseInput, requiredLine } from '../../web/input';
import { EVENT_TYPES, EVENTS } from './events';
import { FORMATS, type Format, type Webhook, type WebhookInput } from './repository';

/** What stands in the fields, as it was typed. */
export type WebhookForm = {
  readonly name: string;
  readonly url: string;
  readonly format: string;
  readonly events: readonly string[];
  readonly enabled: boolean;
};

const MAX_NAME_LENGTH = 60;
const MAX_URL_LENGTH = 2_048;

const FORMAT_LABELS: Readonly<Record<Format, string>> = {
  json: 'JSON, signed',
  discord: 'Discord',
};

export const LABELS: Readonly<Record<string, string>> = {
  name: 'Name',
  url: 'Address',
  format: 'Format',
  events: 'What it is told of',
};

const schema = z.strictObject({
  name: requiredLine(MAX_NAME_LENGTH),
  url: line(MAX_URL_LENGTH).superRefine((url, context) => {
    const problem = addressProblem(url);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  }),
  format: z.enum(FORMATS, 'Must be one of the list.'),
  events: z.array(z.enum(EVENT_TYPES)).min(1, 'Choose at least one.'),
  enabled: z.boolean(),
});

export const NEW_FORM: WebhookForm = {
  name: '',
  url: '',
  format: 'json',
  events: ['episode.published'],
  enabled: true,
};

export function formOf({ name, url, format, events, enabled }: Webhook): WebhookForm {
  return { name, url, format, events, enabled };
}

export function typedForm(body: unknown): WebhookForm {
  return {
    name: textOf(body, 'name'),
    url: textOf(body, 'url'),
    format: textOf(body, 'format'),
    events: EVENT_TYPES.filter((type) => textOf(body, `event-${type}`) !== ''),
    enabled: textOf(body, 'enabled') !== '',
  };
}

export function parseForm(form: WebhookForm): Parsed<WebhookInput> {
  return parseInput(schema, form);
}

export const FORMAT_OPTIONS = FORMATS.map((value) => ({ value, label: FORMAT_LABELS[value] }));

/** For the checkboxes. */
export function eventChoices({ events }: WebhookForm) {
  return EVENT_TYPES.map((type) => ({
    type,
    label: EVENTS[type],
    isChosen: events.includes(type),
  }));
}
