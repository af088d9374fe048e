import { Random } from '../../features/artwork/random';

export const OPERATION_KINDS = [
  'post',
  'draft',
  'schedule',
  'edit',
  'hide',
  'publish',
  'switch-off',
  'switch-on',
  'delete',
] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

type PlannedServer = {
  readonly name: string;
  readonly kind: 'file';
  readonly url: string;
  readonly enabled: boolean;
};

/** What is sent of an episode; text and servers always as a whole. */
type PlannedFields = {
  readonly title: string;
  readonly synopsis: string;
  readonly videoServers: readonly PlannedServer[];
  readonly status?: 'draft' | 'scheduled' | 'published' | 'hidden';
};

/** One change. `episode` counts the episodes of the plan from 0. */
export type Operation =
  | {
      readonly type: 'create';
      readonly kind: 'post' | 'draft' | 'schedule';
      readonly episode: number;
      readonly fields: PlannedFields;
      /** For a scheduled one: how long after this operation its time comes. */
      readonly publishInMs: number | undefined;
    }
  | {
      readonly type: 'update';
      readonly kind: 'edit' | 'hide' | 'publish' | 'switch-off' | 'switch-on';
      readonly episode: number;
      readonly fields: PlannedFields;
    }
  | { readonly type: 'delete'; readonly kind: 'delete'; readonly episode: number };

const WEIGHTS: Readonly<Record<OperationKind, number>> = {
  post: 30,
  draft: 6,
  schedule: 6,
  edit: 22,
  hide: 10,
  publish: 10,
  'switch-off': 5,
  'switch-on': 5,
  delete: 10,
};
/** Changes are made to the newest episodes, so that most of them can be seen on the first page. */
const NEWEST = 40;
const SOON_MS = { low: 500, high: 3_000 } as const;
const FAR_MS = 86_400_000;

/** Words that a template or a stream could stumble over, among others. */
const WORDS = [
  'Dawn',
  'A <b>bold</b> move',
  'R&B',
  '"Quoted"',
  "It's over",
  '旅立ち',
  'Émigré',
  '</article>',
  '🎬',
] as const;

/** What the plan knows of an episode. `soon`: scheduled, and published by the site itself within seconds. */
type Planned = {
  readonly episode: number;
  status: 'draft' | 'far' | 'soon' | 'published' | 'hidden';
  enabled: boolean;
};

/**
 * An endless sequence of changes; the same seed gives the same. With a marker, every text of an episode that
 * is not public carries it (title, synopsis, names and addresses of its servers), and none of a public one: the request that
 * publishes takes it out. Episodes that the site's scheduler publishes within seconds don't carry it, because nobody
 * would take it out; those that are scheduled for the next day do.
 */
export function* planFlood(seed: number, marker?: string): Generator<Operation, never> {
  const random = new Random(`flood ${seed}`);
  const episodes: Planned[] = [];
  let created = 0;
  let step = 0;
  for (;;) {
    step++;
    const kind = pickKind(random, episodes.slice(-NEWEST));
    if (kind === 'post' || kind === 'draft' || kind === 'schedule') {
      const soon = random.chance(0.5);
      const soonMs = random.whole(SOON_MS.low, SOON_MS.high);
      const status = kind === 'post' ? 'published' : kind === 'draft' ? 'draft' : soon ? 'soon' : 'far';
      const planned: Planned = { episode: created++, status, enabled: true };
      episodes.push(planned);
      const fields = { ...fieldsOf(random, planned, step, marker), status: apiStatus(status) };
      const publishInMs = kind === 'schedule' ? (soon ? soonMs : FAR_MS) : undefined;
      yield { type: 'create', kind, episode: planned.episode, fields, publishInMs };
      continue;
    }
    const target = pick(random, episodes.slice(-NEWEST).filter(CANDIDATES[kind]));
    const { episode } = target;
    if (kind === 'delete') {
      episodes.splice(episodes.indexOf(target), 1);
      yield { type: 'delete', kind, episode };
      continue;
    }
    const status = change(target, kind);
    yield { type: 'update', kind, episode, fields: { ...fieldsOf(random, target, step, marker), ...status } };
  }
}

type Change = Exclude<OperationKind, 'post' | 'draft' | 'schedule'>;

const isShown = ({ status, enabled }: Planned): boolean =>
  enabled && (status === 'published' || status === 'soon');

/** Which episodes a change makes sense for. */
const CANDIDATES: Readonly<Record<Change, (planned: Planned) => boolean>> = {
  edit: () => true,
  hide: isShown,
  publish: ({ status }) => status === 'draft' || status === 'far' || status === 'hidden',
  'switch-off': isShown,
  'switch-on': ({ status, enabled }) => !enabled && (status === 'published' || status === 'soon'),
  delete: () => true,
};

/** Notes in the plan what the change does. Returns the status that the change sends, if any. */
function change(planned: Planned, kind: Exclude<Change, 'delete'>): Pick<PlannedFields, 'status'> {
  switch (kind) {
    case 'edit':
      return {};
    case 'hide':
      planned.status = 'hidden';
      return { status: 'hidden' };
    case 'publish':
      planned.status = 'published';
      planned.enabled = true;
      return { status: 'published' };
    case 'switch-off':
    case 'switch-on':
      planned.enabled = kind === 'switch-on';
      return {};
    default:
      return kind satisfies never;
  }
}

function pickKind(random: Random, newest: readonly Planned[]): OperationKind {
  const possible = OPERATION_KINDS.filter(
    (kind) => kind === 'post' || kind === 'draft' || kind === 'schedule' || newest.some(CANDIDATES[kind]),
  );
  let rest = random.next() * possible.reduce((sum, kind) => sum + WEIGHTS[kind], 0);
  for (const kind of possible) {
    rest -= WEIGHTS[kind];
    if (rest < 0) return kind;
  }
  return 'post';
}

function fieldsOf(random: Random, planned: Planned, step: number, marker: string | undefined): PlannedFields {
  const mark = marker && !isShown(planned) ? `${marker} ` : '';
  const folder = mark ? `${marker}/` : '';
  const title = `${mark}${random.pick(WORDS)} ${step}`;
  const servers = Array.from({ length: random.whole(1, 2) }, (_, index) => ({
    name: `${mark}Server ${index + 1}`,
    kind: 'file' as const,
    url: `https://video.example/${folder}${planned.episode}-${step}-${index + 1}.mp4`,
    enabled: planned.enabled,
  }));
  return { title, synopsis: `${mark}What happens in "${random.pick(WORDS)}".`, videoServers: servers };
}

function apiStatus(status: Planned['status']): NonNullable<PlannedFields['status']> {
  return status === 'soon' || status === 'far' ? 'scheduled' : status;
}

function pick<T>(random: Random, options: readonly T[]): T {
  const picked = options[random.whole(0, options.length - 1)];
  if (picked === undefined) throw new Error('There is nothing to pick from.');
  return picked;
}
