import { z } from 'zod';
import { textProblem } from '../../platform/text';
import { formOf, rowsText } from '../../web/field-form';
import { answerShape, field, patchShape } from '../../web/fields';
import { orUndefined } from '../../web/form';
import { instant, line, orRequired, paragraphs, refuse, requiredLine } from '../../web/input';
import { parseBroadcastRule } from './broadcast-rule';

/** A page about the series elsewhere. */
export type SeriesLink = {
  readonly title: string;
  readonly url: string;
  /** `official`: the series' own site; `onair`: where it can be watched; `info`: a database. */
  readonly kind: 'official' | 'onair' | 'info';
  /** ISO 3166 codes of the countries in which it can be watched; none: everywhere. */
  readonly regions?: readonly string[];
  /** When it begins there (ISO 8601), and in which rhythm it goes on (`R/<begin>/P7D`). */
  readonly beginsAt?: string;
  readonly broadcast?: string;
  readonly note?: string;
};

export const MAX_LINKS = 100;
const MAX_URL_LENGTH = 2_048;

/** The address as it is written: what was exported comes back the same. */
const linkUrl = z.string(orRequired('Must be text.')).transform((typed, context) => {
  const url = typed.trim();
  const problem = urlProblem(url);
  return problem === undefined ? url : refuse(context, problem);
});

function urlProblem(url: string): string | undefined {
  if (url === '') return 'Must not be empty.';
  if (url.length > MAX_URL_LENGTH) return `Must have at most ${MAX_URL_LENGTH} characters.`;
  const problem = textProblem(url);
  if (problem !== undefined) return problem;
  if (/\s/.test(url)) return 'Must be one address alone, without spaces.';
  if (/^[a-z][a-z0-9+.-]*:/i.test(url) && !/^https?:\/\//i.test(url))
    return 'Must begin with https:// or http://.';
  if (!URL.canParse(url)) return 'Must be an address such as https://anime.example/.';
  const { username, password } = new URL(url);
  return username + password === '' ? undefined : 'Must not contain a user name or password.';
}

const REGION_ERROR = 'Must be codes of countries, of two letters each, such as JP, US.';
const regions = z
  .array(
    z
      .string(REGION_ERROR)
      .trim()
      .toUpperCase()
      .regex(/^[A-Z]{2}$/, REGION_ERROR),
    REGION_ERROR,
  )
  .max(300, 'Must have at most 300 countries.')
  .transform((codes) => [...new Set(codes)]);

const TIME_ERROR = 'Must be a date and time with a zone, such as 2026-04-05T14:15:00Z.';
const RULE_ERROR = 'Must be a first time and a rhythm, such as R/2026-04-05T14:15:00.000Z/P7D.';

/** What can be edited of a link. */
export const LINK_FIELDS = {
  kind: field(z.enum(['official', 'onair', 'info'], orRequired('Must be official, onair or info.')), {
    label: 'Kind',
    section: 'first',
    control: {
      kind: 'select',
      options: [
        { value: 'official', label: 'Official site' },
        { value: 'onair', label: 'Where to watch' },
        { value: 'info', label: 'Information' },
      ],
    },
    answer: z.enum(['official', 'onair', 'info']),
  }),
  title: field(requiredLine(300), {
    label: 'Label',
    required: true,
    section: 'first',
    control: { kind: 'input' },
    answer: z.string(),
  }),
  url: field(linkUrl, {
    label: 'URL',
    required: true,
    section: 'first',
    control: { kind: 'input', inputmode: 'url', code: true, placeholder: 'https://', modifier: 'wide' },
    answer: z.string(),
  }),
  regions: field(regions.optional(), {
    label: 'Countries',
    help: 'Such as JP, US; everywhere when empty',
    section: 'more',
    control: { kind: 'input', code: true },
    answer: z.array(z.string()).optional(),
    toText: (codes) => (codes ?? []).join(', '),
    fromText: (text) => {
      const codes = text.split(/[\s,;]+/).filter(Boolean);
      return codes.length === 0 ? undefined : codes;
    },
  }),
  beginsAt: field(
    z
      .string(TIME_ERROR)
      .trim()
      .refine((text) => instant.safeParse(text).success, TIME_ERROR)
      .optional(),
    {
      label: 'Begins there',
      help: 'Such as 2026-04-05T14:15:00Z',
      section: 'more',
      control: { kind: 'input', code: true },
      answer: z.string().optional(),
      fromText: orUndefined,
    },
  ),
  broadcast: field(
    line(100)
      .refine((rule) => parseBroadcastRule(rule) !== undefined, RULE_ERROR)
      .optional(),
    {
      label: 'Rhythm there',
      help: 'Such as R/2026-04-05T14:15:00.000Z/P7D',
      section: 'more',
      control: { kind: 'input', code: true },
      answer: z.string().optional(),
      fromText: orUndefined,
    },
  ),
  note: field(paragraphs(2_048).optional(), {
    label: 'Note',
    help: 'Not shown on the site',
    section: 'more',
    control: { kind: 'textarea', rows: 1, modifier: 'full' },
    answer: z.string().optional(),
    fromText: orUndefined,
  }),
} as const;

const LINK_ERROR = 'Must be a link: title, url and kind (official, onair or info).';

/** Links as they are kept: what says nothing is not there. */
export const linksSchema = z
  .array(
    z
      .strictObject(patchShape(LINK_FIELDS), LINK_ERROR)
      .transform(({ title, url, kind, ...more }): SeriesLink => {
        const { regions: codes, beginsAt, broadcast, note } = more;
        return {
          title,
          url,
          kind,
          ...(codes && codes.length > 0 && { regions: codes }),
          ...(beginsAt && { beginsAt }),
          ...(broadcast && { broadcast }),
          ...(note && { note }),
        };
      }),
    'Must be a list of links.',
  )
  .max(MAX_LINKS, `Must have at most ${MAX_LINKS} links.`)
  // Not a refinement: that would be asked of what is no link, too.
  .transform((links, context) => {
    const first = new Map<string, number>();
    for (const [index, { title, url }] of links.entries()) {
      // Two services of one name may share an address, each for countries of its own; a link is there twice by both.
      const key = `${new URL(url).href} ${title}`;
      const other = first.get(key);
      first.set(key, other ?? index);
      if (other === undefined) continue;
      const message = `Is the same as link ${other + 1}: label and URL.`;
      context.addIssue({ code: 'custom', path: [index, 'url'], message, continue: true });
    }
    return links;
  });

export const linksAnswer = z.array(z.strictObject(answerShape(LINK_FIELDS)));

/** One a line: `Official site, Anime, https://…`. */
export function linksText(links: readonly SeriesLink[]): string {
  return rowsText(
    LINK_FIELDS,
    links.map((link) => formOf(LINK_FIELDS, link)),
  );
}

/** Where a link leads, `anime.example`, for whoever is about to follow it; empty for what is no address. */
export function hostOf({ url }: SeriesLink): string {
  return URL.canParse(url) ? new URL(url).host.replace(/^www\./, '') : '';
}
