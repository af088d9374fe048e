import { findLastChanges } from '../../journal/last-changes';
import { type Clock, clockIn } from '../../web/clock';
import type { Difference } from '../../web/field-form';
import { pick } from '../../web/fields';
import { type FieldError, parseInput } from '../../web/input';
import { type Merged, mergeValues } from '../../web/merge';
import { conflictViews, parseBase, takenText } from '../../web/merge-form';
import { UTC } from '../../web/time-zone';
import type { Actor, WriteContext } from '../episodes/write';
import { SERIES_FIELDS, type Series, type SeriesInput, seriesSchema } from './fields';
import {
  hasBroadcast,
  hasLinks,
  type SeriesForm,
  seriesFormToInput,
  unsavedForm,
  withFormIds,
  withoutEmptyLinks,
} from './form';
import { updateSeries } from './repository';

/** How it ended when an admin pressed Save. As with an episode. */
type SaveOutcome =
  | { readonly outcome: 'saved'; readonly series: Series; readonly taken: string }
  | {
      readonly outcome: 'refused';
      readonly form: SeriesForm;
      readonly errors: readonly FieldError[];
      readonly current: Series | undefined;
    }
  | {
      readonly outcome: 'contested';
      readonly form: SeriesForm;
      readonly current: Series;
      readonly differences: readonly Difference[];
      readonly taken: string;
    }
  | {
      readonly outcome: 'slug-taken' | 'external-id-taken';
      readonly form: SeriesForm;
      readonly current: undefined;
    }
  | { readonly outcome: 'not-found' };

type Problem =
  | { readonly type: 'contested'; readonly merged: Merged<SeriesInput> }
  | { readonly type: 'wrong'; readonly errors: readonly FieldError[]; readonly values: SeriesInput };

/** Saves what was typed, put together with what others have saved since the form was opened. */
export async function saveSeriesForm(
  catalog: WriteContext,
  actor: Actor,
  seriesId: string,
  typed: SeriesForm,
  clock = clockIn(UTC),
): Promise<SaveOutcome> {
  const form = withoutEmptyLinks(typed);
  const parsed = parseInput(seriesSchema, seriesFormToInput(form));
  if (!parsed.ok) return { outcome: 'refused', form, errors: parsed.errors, current: undefined };
  let taken: readonly string[] = [];
  let before: Series | undefined;
  const result = await updateSeries<Problem>(catalog, actor, seriesId, (current) => {
    const saved: SeriesInput = pick(SERIES_FIELDS, current);
    const base = form.version === String(current.version) ? saved : parseBase(SERIES_FIELDS, form.base);
    // An address that was emptied stays as it is.
    const { broadcast, beginsAt, endsAt } = current;
    const mine = {
      ...parsed.value,
      slug: parsed.value.slug ?? current.slug,
      ...(!hasBroadcast(form) && { broadcast, beginsAt, endsAt }),
      links: hasLinks(form) ? withFormIds(parsed.value.links, form) : current.links,
    };
    const merged = mergeValues(SERIES_FIELDS, { base, mine, theirs: saved });
    if (merged.conflicts.length > 0) return { problem: { type: 'contested', merged } };
    // Two changes that are right each for itself may not go together.
    const checked = parseInput(seriesSchema, seriesFormToInput(unsavedForm(merged.values, current)));
    if (!checked.ok) return { problem: { type: 'wrong', errors: checked.errors, values: merged.values } };
    taken = merged.taken;
    before = current;
    return merged.values;
  });
  switch (result.outcome) {
    case 'saved': {
      if (!before || taken.length === 0) return { ...result, taken: '' };
      return { ...result, taken: takenText(SERIES_FIELDS, taken, await saversOf(catalog, before)) };
    }
    case 'refused': {
      const { problem, current } = result;
      if (problem.type === 'contested') return contested(catalog, problem.merged, current, clock);
      return { ...result, form: unsavedForm(problem.values, current), errors: problem.errors };
    }
    case 'conflict':
      throw new Error('A write that names no version has met another version.');
    case 'slug-taken':
    case 'external-id-taken':
      return { ...result, form, current: undefined };
    case 'not-found':
      return result;
    default:
      return result satisfies never;
  }
}

async function contested(
  catalog: WriteContext,
  merged: Merged<SeriesInput>,
  current: Series,
  clock: Clock,
): Promise<SaveOutcome> {
  const savers = await saversOf(catalog, current);
  return {
    outcome: 'contested',
    form: unsavedForm(merged.values, current),
    current,
    differences: conflictViews(SERIES_FIELDS, merged.conflicts, {
      savers,
      savedAt: current.updatedAt,
      clock,
    }),
    taken: takenText(SERIES_FIELDS, merged.taken, savers),
  };
}

async function saversOf({ db }: WriteContext, series: Series) {
  return findLastChanges(db, { kind: 'series', id: series.id }, pick(SERIES_FIELDS, series));
}
