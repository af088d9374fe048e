import type { JournalEntry } from '../../journal/entry';

/** What a webhook can be told of, and how the form calls it. */
export const EVENTS = {
  'episode.published': 'An episode has become public',
  'episode.changed': 'A public episode was changed',
  'episode.hidden': 'An episode is not public any more',
  'episode.deleted': 'A public episode was deleted',
  'series.published': 'A series is new, or is shown again',
  'series.changed': 'A series that is shown was changed',
  'series.hidden': 'A series is not shown any more',
  act: 'Everything that is done to episodes and series: drafts, what is not public, and who did it',
} as const;

export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as readonly EventType[];

export function isEventType(text: string): text is EventType {
  return Object.hasOwn(EVENTS, text);
}

/** Something that has happened, and to what. The rest is read when it is told. */
export type Happened =
  | {
      readonly type: 'episode.published';
      readonly episodeId: string;
      /** Nobody could ever see it before. */
      readonly isFirst: boolean;
    }
  | { readonly type: 'episode.changed'; readonly episodeId: string; readonly fields: readonly string[] }
  | { readonly type: 'episode.hidden' | 'episode.deleted'; readonly episodeId: string }
  | {
      readonly type: 'series.published' | 'series.changed' | 'series.hidden';
      readonly seriesId: string;
      readonly fields: readonly string[];
    }
  | { readonly type: 'act' };

/** What of an act is told. Of a draft nothing is but the act itself: only what anybody could see, or can see now, is an event. */
export function happenedIn(entry: JournalEntry): readonly Happened[] {
  switch (entry.subjectKind) {
    case 'episode':
      return [...ofEpisodes(entry), { type: 'act' }];
    case 'series':
      return [...ofSeries(entry), ...ofNewEpisodes(entry), { type: 'act' }];
    case 'catalog':
      return [...ofEpisodes(entry), { type: 'act' }];
    default:
      return [];
  }
}

/** Null where a node of the version before has done it: whether anybody saw it is not known, so nothing is said. */
function ofEpisodes({ action, subjectKind, visibility, changes }: JournalEntry): readonly Happened[] {
  if (!visibility) return [];
  const { vanished, stayed } = visibility;
  // What an import takes back is deleted.
  const gone = action === 'episode.delete' || subjectKind === 'catalog' ? 'deleted' : 'hidden';
  const fields = Object.keys(changes);
  return [
    ...appeared(visibility),
    ...vanished.map((episodeId) => ({ type: `episode.${gone}` as const, episodeId })),
    ...(fields.length === 0
      ? []
      : stayed.map((episodeId) => ({ type: 'episode.changed' as const, episodeId, fields }))),
  ];
}

/** The episodes of a series that is hidden are hidden with it, and nobody is told of each. Those that nobody has seen before are news. */
function ofNewEpisodes({ visibility }: JournalEntry): readonly Happened[] {
  return visibility ? appeared(visibility) : [];
}

function appeared({ appeared: ids, first }: NonNullable<JournalEntry['visibility']>): readonly Happened[] {
  return ids.map((episodeId) => ({
    type: 'episode.published',
    episodeId,
    isFirst: first.includes(episodeId),
  }));
}

function ofSeries({ subjectId, changes }: JournalEntry): readonly Happened[] {
  if (subjectId === null) return [];
  const fields = Object.keys(changes);
  const type = changes.visible
    ? changes.visible.after === true
      ? 'series.published'
      : changes.visible.before === true && 'series.hidden'
    : fields.length > 0 && 'series.changed';
  return type ? [{ type, seriesId: subjectId, fields: type === 'series.changed' ? fields : [] }] : [];
}
