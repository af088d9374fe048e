import type { JournalEntry } from '../../journal/entry';
import { type RevertOutcome, refused } from '../../journal/revert';
import { pick } from '../../web/fields';
import { valuesBefore } from '../../web/values-before';
import type { Actor, WriteContext } from '../episodes/write';
import { SERIES_FIELDS, type SeriesInput, seriesSchema } from './fields';
import { updateSeries } from './repository';

/** Takes an edit of a series back. */
export async function revertSeriesAct(
  catalog: WriteContext,
  actor: Actor,
  { action, subjectId, changes }: JournalEntry,
): Promise<RevertOutcome> {
  if (action !== 'series.update' || subjectId === null) return refused('That can’t be taken back.');
  const result = await updateSeries<string>(catalog, actor, subjectId, (current) => {
    const before = valuesBefore<SeriesInput>(SERIES_FIELDS, changes, pick(SERIES_FIELDS, current));
    if ('problem' in before) return before;
    // Two fields that were right each in its time may not go together.
    const checked = seriesSchema.safeParse(before.values);
    return checked.success ? before.values : { problem: checked.error.issues[0]?.message ?? '' };
  });
  if (result.outcome === 'saved') return { outcome: 'reverted' };
  if (result.outcome === 'refused') return refused(result.problem);
  switch (result.outcome) {
    case 'slug-taken':
      return refused('Its former address belongs to another series.');
    case 'external-id-taken':
      return refused('Its former external id belongs to another series.');
    default:
      return refused('The series is not there.');
  }
}
