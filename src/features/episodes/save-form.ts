import { listJournal } from '../../journal/journal';
import { findLastChanges } from '../../journal/last-changes';
import { type Clock, clockIn } from '../../web/clock';
import type { Difference } from '../../web/field-form';
import { pick } from '../../web/fields';
import type { FieldError } from '../../web/input';
import { type Merged, mergeValues } from '../../web/merge';
import { conflictViews, parseBase, takenText } from '../../web/merge-form';
import { UTC } from '../../web/time-zone';
import { EPISODE_FIELDS, type Episode, type EpisodeInput, publicationProblem } from './fields';
import { type EpisodeForm, parseEpisodeForm, unsavedForm, withKeptTime, withoutEmptyServers } from './form';
import { findEpisode } from './queries';
import { type EpisodeWriteResult, isPurged, updateEpisode, type Wanted } from './repository';
import type { Actor, WriteContext } from './write';

/** How it ended when an admin pressed Save. */
export type SaveOutcome =
  /** `taken`: what others had changed since the form was opened, in words. */
  | { readonly outcome: 'saved'; readonly episode: Episode; readonly taken: string }
  | {
      readonly outcome: 'refused';
      readonly form: EpisodeForm;
      readonly errors: readonly FieldError[];
      readonly current: Episode | undefined;
    }
  /** Somebody else changed the same as well. The form has all that can be put together, and is based on what is saved now. */
  | {
      readonly outcome: 'contested';
      readonly form: EpisodeForm;
      readonly current: Episode;
      readonly differences: readonly Difference[];
      readonly taken: string;
    }
  | (Extract<EpisodeWriteResult, { outcome: 'number-taken' | 'external-id-taken' }> & {
      readonly form: EpisodeForm;
    })
  /** It was deleted meanwhile. @see findDeletion */
  | { readonly outcome: 'gone' };

type Problem =
  | { readonly type: 'contested'; readonly merged: Merged<EpisodeInput> }
  | { readonly type: 'wrong'; readonly errors: readonly FieldError[]; readonly values: EpisodeInput };

/**
 * Saves what was typed, put together with what others have saved since the form was opened.
 * @param options.bringBack also where it was deleted meanwhile
 */
export async function saveEpisodeForm(
  catalog: WriteContext,
  actor: Actor,
  episodeId: string,
  typed: EpisodeForm,
  options: { readonly bringBack?: boolean } = {},
): Promise<SaveOutcome> {
  const form = withoutEmptyServers(typed);
  const parsed = parseEpisodeForm(form);
  if (!parsed.ok) return { outcome: 'refused', form, errors: parsed.errors, current: undefined };
  let taken: readonly string[] = [];
  let before: Episode | undefined;
  const change = (current: Episode): Wanted<Problem> => {
    const merged = merge(form, parsed.value, current);
    if (merged.conflicts.length > 0) return { problem: { type: 'contested', merged } };
    const errors = problemsOf(merged.values, current);
    if (errors.length > 0) return { problem: { type: 'wrong', errors, values: merged.values } };
    taken = merged.taken;
    before = current;
    return merged.values;
  };
  const result = await updateEpisode(catalog, actor, episodeId, change, undefined, options);
  switch (result.outcome) {
    case 'saved':
      return { ...result, taken: await inWords(catalog, before, taken) };
    case 'refused': {
      const { problem, current } = result;
      if (problem.type === 'contested') return contested(catalog, problem.merged, current, form.zone);
      return { ...result, form: unsavedForm(problem.values, current, form.zone), errors: problem.errors };
    }
    case 'number-taken':
    case 'external-id-taken':
      return { ...result, form };
    case 'conflict':
      throw new Error('A write that names no version has met another version.');
    case 'not-found':
      return { outcome: 'gone' };
    default:
      return result satisfies never;
  }
}

/** What became of an episode that is not there any more. */
export type Deletion = {
  /** Whether it can still be brought back. */
  readonly canComeBack: boolean;
  /** `ada@example.org, 26 Nov 2026, 14:02 UTC`; empty where it is not known. */
  readonly by: string;
};

export async function findDeletion({ db }: WriteContext, episodeId: string, clock: Clock): Promise<Deletion> {
  const episode = await findEpisode(db, episodeId, { evenDeleted: true });
  if (!episode?.deletedAt) return { canComeBack: false, by: '' };
  const deletions = { subjectKind: 'episode', subjectId: episodeId, action: 'episode.delete', limit: 1 };
  const [act] = await listJournal(db, deletions);
  const by = `${act?.actor.name || 'an import'}, ${clock.text(episode.deletedAt)}`;
  return { canComeBack: !isPurged(episode), by };
}

function merge(form: EpisodeForm, input: EpisodeInput, current: Episode): Merged<EpisodeInput> {
  const saved = editable(current);
  const base = form.version === String(current.version) ? saved : parseBase(EPISODE_FIELDS, form.base);
  const { status, publishAt } = base;
  const isKnown = publishAt === null || publishAt instanceof Date;
  const mine = withKeptTime(input, form, isKnown ? { status, publishAt } : current);
  return mergeValues(EPISODE_FIELDS, { base, mine, theirs: saved });
}

function editable(episode: Episode): EpisodeInput {
  return { ...pick(EPISODE_FIELDS, episode), videoServers: [...episode.videoServers] };
}

/** Two changes that are right each for itself may not go together. */
function problemsOf(values: EpisodeInput, current: Episode): readonly FieldError[] {
  const parsed = parseEpisodeForm(unsavedForm(values, current, UTC));
  if (!parsed.ok) return parsed.errors;
  const problem = publicationProblem(values, current, new Date());
  return problem ? [problem] : [];
}

async function contested(
  catalog: WriteContext,
  merged: Merged<EpisodeInput>,
  current: Episode,
  zone: string,
): Promise<SaveOutcome> {
  const savers = await saversOf(catalog, current);
  return {
    outcome: 'contested',
    form: unsavedForm(merged.values, current, zone),
    current,
    differences: conflictViews(EPISODE_FIELDS, merged.conflicts, {
      savers,
      savedAt: current.updatedAt,
      clock: clockIn(zone),
    }),
    taken: takenText(EPISODE_FIELDS, uncontested(merged), savers),
  };
}

function uncontested({ taken, conflicts }: Merged<unknown>): readonly string[] {
  return taken.filter((name) => conflicts.every(({ field }) => field !== name));
}

/** @param before what I took it over from */
async function inWords(
  catalog: WriteContext,
  before: Episode | undefined,
  taken: readonly string[],
): Promise<string> {
  if (!before || taken.length === 0) return '';
  return takenText(EPISODE_FIELDS, taken, await saversOf(catalog, before));
}

async function saversOf({ db }: WriteContext, episode: Episode) {
  return findLastChanges(db, { kind: 'episode', id: episode.id }, pick(EPISODE_FIELDS, episode));
}
