import type { Database } from '../../platform/database';
import type { Clock } from '../../web/clock';
import { readReadings } from '../titles/public';
import { nextBroadcasts } from './broadcast';
import { parseBroadcastRule } from './broadcast-rule';
import { JAPAN, parseBroadcastText } from './broadcast-text';
import { SERIES_FIELDS, seriesPath, slugSchema } from './fields';
import { findFreeSlug, findIdOfSlug } from './repository';
import { slugFromTitle } from './slug';

/** What the form says of what is being typed. */
export type Said = { readonly text: string; readonly isProblem: boolean };

const NOTHING: Said = { text: '', isProblem: false };

/** What the address will be, and whether that can be had. @param typed id of the series, empty for a new one */
export async function saySlug(
  db: Database,
  typed: { readonly id: string; readonly title: string; readonly slug: string },
): Promise<Said> {
  const title = typed.title.trim();
  if (typed.slug.trim() === '') {
    if (typed.id !== '') return { text: 'The address stays as it is.', isProblem: false };
    if (title === '') return NOTHING;
    const reading = (await readReadings(db, [title])).get(title);
    const slug = await findFreeSlug(db, slugFromTitle(title, reading));
    return { text: `Will be ${seriesPath(slug)}`, isProblem: false };
  }
  const parsed = slugSchema.safeParse(typed.slug);
  if (!parsed.success) return { text: parsed.error.issues[0]?.message ?? '', isProblem: true };
  const owner = await findIdOfSlug(db, parsed.data);
  return owner === undefined || owner === typed.id
    ? { text: `Will be ${seriesPath(parsed.data)}`, isProblem: false }
    : { text: 'Another series has this address.', isProblem: true };
}

const SHOWN = 3;

/** The next broadcasts by what is typed, on the clock of the account and on those of Japan. */
export function sayBroadcasts(
  typed: { readonly broadcast: string; readonly beginsAt: string; readonly endsAt: string },
  clock: Clock,
  now: Date,
): Said {
  const broadcast = parseBroadcastText(typed.broadcast);
  if (broadcast === null) return NOTHING;
  const rule = parseBroadcastRule(broadcast);
  const [beginsAt, endsAt] = (['beginsAt', 'endsAt'] as const).map((name) => {
    const parsed = SERIES_FIELDS[name].schema.safeParse(SERIES_FIELDS[name].fromText(typed[name]));
    return parsed.success ? parsed.data : null;
  });
  if (!rule) return NOTHING;
  // Of what begins far ahead the first dates are shown.
  const from = new Date(Math.max(now.getTime(), rule.startsAt.getTime() - 1));
  const extent = { broadcast, beginsAt: beginsAt ?? null, endsAt: endsAt ?? null };
  const next = nextBroadcasts(extent, from, SHOWN);
  if (next.length === 0) return { text: 'By this, nothing is to come any more.', isProblem: false };
  return { text: `Next: ${next.map((time) => inBoth(time, clock)).join('; ')}`, isProblem: false };
}

const inJapan = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: JAPAN,
});

function inBoth(time: Date, clock: Clock): string {
  return `${clock.text(time)} (${inJapan.format(time)} in Japan)`;
}
