import { findLastAct } from '../../journal/journal';
import { pick } from '../../web/fields';
import type { Actor, WriteContext } from '../episodes/write';
import { SERIES_FIELDS } from './fields';
import { updateSeries } from './repository';

export type ShownMany = {
  /** How many are as they were wanted, changed or not. */
  readonly count: number;
  /** Ids of the journal's entries of what was changed, to take it back by. */
  readonly acts: readonly string[];
};

/** Shows each of the series on the site, or hides it; by itself, so that one that is being written holds up no other. */
export async function showMany(
  catalog: WriteContext,
  actor: Actor,
  seriesIds: readonly string[],
  visible: boolean,
): Promise<ShownMany> {
  const acts: string[] = [];
  let count = 0;
  for (const id of seriesIds) {
    let before: number | undefined;
    const result = await updateSeries(catalog, actor, id, (current) => {
      before = current.version;
      return { ...pick(SERIES_FIELDS, current), visible };
    });
    if (result.outcome !== 'saved') continue;
    count++;
    if (result.series.version === before) continue;
    const act = await findLastAct(catalog.db, actor, { subjectKind: 'series', subjectId: id });
    if (act) acts.push(act);
  }
  return { count, acts };
}
