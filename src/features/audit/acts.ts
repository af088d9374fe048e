import type { Changes, JournalEntry, Json } from '../../journal/entry';
import { type Field, type Fields, forPeople, toText } from '../../web/fields';
import { UTC } from '../../web/time-zone';
import { EPISODE_FACTS } from '../episodes/fields';
import { guessLanguage, SERIES_FIELDS } from '../series/fields';

/** What is done on the site: how the list of choices calls it, and what is said of whoever did it. */
export const ACTS: Readonly<Record<string, { readonly choice: string; readonly said: string }>> = {
  'episode.create': { choice: 'Episode created', said: 'created' },
  'episode.update': { choice: 'Episode edited', said: 'edited' },
  'episode.publish': { choice: 'Episode published at its time', said: 'published' },
  'episode.delete': { choice: 'Episode deleted', said: 'deleted' },
  'episode.purge': { choice: 'Episodes purged from the trash', said: 'purged deleted episodes' },
  'episode.restore': { choice: 'Episode brought back', said: 'brought back' },
  'series.create': { choice: 'Series created', said: 'created' },
  'series.update': { choice: 'Series edited', said: 'edited' },
  'report.clear': { choice: 'Reports of an episode cleared', said: 'cleared the reports of' },
  'catalog.export': { choice: 'Export', said: 'exported' },
  'catalog.undo': { choice: 'Import undone', said: 'undid the import of' },
  'catalog.import': { choice: 'Import', said: 'imported from' },
  'login.success': { choice: 'Log-in', said: 'logged in as' },
  'login.refused': { choice: 'Log-in refused', said: 'was not let in' },
  'admin.create': { choice: 'Admin created', said: 'created the admin' },
  'admin.invite': { choice: 'Invitation', said: 'invited' },
  'admin.withdraw': { choice: 'Invitation taken back', said: 'took back the invitation of' },
  'admin.join': { choice: 'Invitation accepted', said: 'accepted the invitation of' },
  'admin.role': { choice: 'Role changed', said: 'changed the role of' },
  'admin.link': { choice: 'Link for a lost password', said: 'made a link for the lost password of' },
  'admin.password': { choice: 'Password changed', said: 'changed the password of' },
  'admin.app-add': { choice: 'Authenticator app added', said: 'added an authenticator app of' },
  'admin.app-remove': { choice: 'Authenticator app removed', said: 'removed the authenticator app of' },
  'admin.passkey-add': { choice: 'Passkey added', said: 'added a passkey of' },
  'admin.passkey-remove': { choice: 'Passkey removed', said: 'removed a passkey of' },
  'admin.codes': { choice: 'Recovery codes renewed', said: 'renewed the recovery codes of' },
  'admin.reset': { choice: 'Password reset', said: 'reset the password of' },
  'admin.time-zone': { choice: 'Time zone chosen', said: 'chose the time zone of' },
  'admin.remove': { choice: 'Admin removed', said: 'removed the admin' },
  'session.end': { choice: 'Sessions ended', said: 'ended sessions of' },
  'token.create': { choice: 'Token created', said: 'created the token' },
  'token.revoke': { choice: 'Token revoked', said: 'revoked the token' },
  'webhook.create': { choice: 'Webhook created', said: 'created the webhook' },
  'webhook.update': { choice: 'Webhook edited', said: 'edited the webhook' },
  'webhook.secret': { choice: 'Secret of a webhook renewed', said: 'renewed the secret of the webhook' },
  'webhook.delete': { choice: 'Webhook deleted', said: 'deleted the webhook' },
  'webhook.stop': { choice: 'Webhook switched off by nipnime', said: 'switched off the webhook' },
  'token.refused': { choice: 'Token refused', said: 'was refused' },
};

export const SUBJECT_KINDS: Readonly<Record<string, string>> = {
  episode: 'Episodes',
  series: 'Series',
  catalog: 'Imports',
  admin: 'Admins',
  token: 'API tokens',
  webhook: 'Webhooks',
};

const VIA: Readonly<Record<NonNullable<JournalEntry['via']>, string>> = {
  form: 'Back office',
  api: 'API',
  scheduler: 'Scheduler',
  command: 'Command line',
  start: 'First start',
};

/** What `views/audit/act.ejs` shows. */
export type ActView = {
  readonly id: string;
  /** ISO 8601, UTC */
  readonly at: string;
  readonly actor: { readonly name: string; readonly url: string };
  readonly said: string;
  /** Undefined where the actor is all there is to say. */
  readonly subject:
    | {
        readonly label: string;
        /** The label in parts: what is of no language but its own stands in the middle. */
        readonly parts: { readonly before: string; readonly title: string; readonly after: string };
        readonly titleLanguage: string;
        readonly url: string | undefined;
        readonly historyUrl: string | undefined;
      }
    | undefined;
  /** By what and from where: `API · 203.0.113.7` */
  readonly from: string;
  readonly changes: readonly ChangeView[];
  /** Whether the changes are those of something that was there before and is there after. */
  readonly isEdit: boolean;
  readonly details: readonly { readonly label: string; readonly text: string }[];
};

type ChangeView = {
  readonly label: string;
  /** Undefined where there was nothing, or is nothing any more. */
  readonly before: string | undefined;
  readonly after: string | undefined;
};

/** @param zone the times among what changed are in */
export function actView(entry: JournalEntry, zone = UTC): ActView {
  const { id, at, actor, via, address, action, changes } = entry;
  const listed = changesOf(entry.subjectKind, changes, zone);
  return {
    id,
    at: at.toISOString(),
    actor: { name: actor.name || 'nobody', url: journalUrl({ actor: actorKey(actor) }) },
    said: ACTS[action]?.said ?? action,
    subject: subjectOf(entry),
    from: [via && VIA[via], address].filter(Boolean).join(' · '),
    changes: listed,
    isEdit: listed.some(({ before, after }) => before !== undefined && after !== undefined),
    details: Object.entries(entry.details).map(([name, value]) => ({
      label: DETAILS[name] ?? name,
      text: detailText(value),
    })),
  };
}

/** As the filter names somebody: `admin:3`, or `system`. */
export function actorKey({ kind, id }: JournalEntry['actor']): string {
  return id === null || kind === 'system' || kind === 'anonymous' ? kind : `${kind}:${id}`;
}

export function journalUrl(filter: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(filter).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return given.length === 0 ? '/admin/journal' : `/admin/journal?${new URLSearchParams(given)}`;
}

/** Who logs in is the subject, too; who is refused was told who they are not. */
function subjectOf({ action, subjectKind, subjectId, subjectLabel }: JournalEntry): ActView['subject'] {
  if (action.endsWith('.refused')) return undefined;
  if (subjectLabel === null && subjectId === null) return undefined;
  const hasForm = subjectKind === 'episode' || subjectKind === 'series';
  const folder = subjectKind === 'episode' ? 'episodes' : 'series';
  const label = subjectLabel ?? `${subjectKind} ${subjectId}`;
  const parts = partsOf(subjectKind, label);
  return {
    label,
    parts,
    titleLanguage: guessLanguage(parts.title),
    url: hasForm && subjectId !== null ? `/admin/${folder}/${subjectId}/edit` : undefined,
    historyUrl:
      hasForm && subjectId !== null ? journalUrl({ subject: `${subjectKind}:${subjectId}` }) : undefined,
  };
}

/** An episode is called `Episode 12 of “Frieren”`, a series by its title alone. */
function partsOf(subjectKind: string, label: string) {
  if (subjectKind === 'series') return { before: '', title: label, after: '' };
  const start = subjectKind === 'episode' ? label.indexOf('“') + 1 : 0;
  return start === 0
    ? { before: label, title: '', after: '' }
    : { before: label.slice(0, start), title: label.slice(start, -1), after: label.slice(-1) };
}

const FIELDS: Readonly<Record<string, Fields>> = { episode: EPISODE_FACTS, series: SERIES_FIELDS };
const LABELS: Readonly<Record<string, string>> = {
  email: 'E-mail address',
  name: 'Name',
  role: 'Role',
  scopes: 'Scopes',
  expiresAt: 'Expires',
  timeZone: 'Time zone',
  url: 'Address',
  format: 'Format',
  events: 'Told of',
  enabled: 'Switched on',
};

function changesOf(subjectKind: string, changes: Changes, zone: string): readonly ChangeView[] {
  const fields = FIELDS[subjectKind] ?? {};
  // In the order of the form; jsonb has one of its own.
  const names = new Set([...Object.keys(fields), ...Object.keys(changes)]);
  return [...names].flatMap((name) => {
    const change = changes[name];
    if (!change) return [];
    const { before, after } = change;
    const field = fields[name];
    return [
      {
        label: field?.label ?? LABELS[name] ?? name,
        before: before === undefined ? undefined : valueText(field, before, zone),
        after: after === undefined ? undefined : valueText(field, after, zone),
      },
    ];
  });
}

/** The journal keeps what a script would send; another version of the site may have sent it in another form. */
function valueText(field: Field | undefined, value: Json, zone: string): string {
  const parsed = field?.schema.safeParse(value);
  if (field && parsed?.success) return forPeople(field, toText(field, parsed.data), zone);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const DETAILS: Readonly<Record<string, string>> = {
  device: 'Device',
  reason: 'Reason',
  fingerprint: 'Begins with (hash)',
  from: 'From',
  import: 'Rows to be written',
  importId: 'Number of the import',
  series: 'Series',
  episodes: 'Episodes added',
  updated: 'Series updated',
  purged: 'Gone for good',
  moved: 'Episodes given another time',
  takenBack: 'Episodes taken back',
  broughtBack: 'Episodes brought back',
  email: 'E-mail address',
  name: 'Name',
  kind: 'Kind',
  number: 'Number',
  status: 'Status',
  title: 'Title',
  reports: 'Reports',
  by: 'By',
  second: 'Second step',
  sessions: 'Sessions ended',
  address: 'From',
  movedTo: 'Moved to',
  movedFrom: 'Moved from',
  movedFromId: 'Id of that series',
};

const MAX_LISTED = 10;

function detailText(value: unknown): string {
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  const more = value.length > MAX_LISTED ? ' …' : '';
  return `${value.length} (${value.slice(0, MAX_LISTED).map(String).join(', ')}${more})`;
}
