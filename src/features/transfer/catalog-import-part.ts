import { changesBetween } from '../../journal/changes';
import type { Database, Transaction } from '../../platform/database';
import type { FieldError } from '../../web/input';
import type { NamedScope, Write } from '../episodes/write';
import { EPISODE_FILE_FIELDS, type RawRecord, type RecordKind, SERIES_FILE_FIELDS } from './catalog-fields';
import type { FileRecord } from './catalog-file';
import type { ChangeText, EpisodePlanValues, Plan, Refusal, SeriesPlanValues } from './catalog-plan';
import type { EpisodeRecord, SeriesRecord } from './catalog-rows';

/** A record whose fields were parsed. */
export type Given = {
  readonly at: FileRecord;
  readonly values: RawRecord;
};

/** The series of an episode; without an id one that would be made. */
export type SeriesOf = { readonly id: string | undefined; readonly title: string; readonly slug: string };

export type SeriesPlanned = Plan<SeriesRecord, SeriesPlanValues>;
export type EpisodePlanned = Plan<EpisodeRecord, EpisodePlanValues> & { readonly series?: SeriesOf };
export type AnyPlanned = SeriesPlanned | EpisodePlanned;

/** What the journal says of where rows came from. `importId`: of the import of the back office by which it can be undone. */
export type Origin = { readonly from: string; readonly importId?: string };

/** One kind of record of an import: what would become of each, what has to be locked for that, and the writing. */
export type ImportPart<P extends AnyPlanned> = {
  /** A plan for each, in their order. */
  plan(db: Database | Transaction, given: readonly Given[]): Promise<readonly P[]>;
  scopeOf(plans: readonly P[]): NamedScope;
  /** Whether all that the plan writes to is in that scope. */
  isWithin(scope: NamedScope, plan: P): boolean;
  carryOut(write: Write, plans: readonly (P | Refusal)[]): Promise<void>;
  labelOf(given: RawRecord, plan: P | Refusal): string;
  changesOf(plan: P | Refusal): readonly ChangeText[];
};

/** What the rows of a file so far are about, so that none comes twice. */
export class FirstRows {
  readonly #rows = new Map<string, number>();

  /** The row before it that is about one of these; else it is the first itself. */
  find({ row }: FileRecord, names: readonly (string | false | undefined)[]): number | undefined {
    const given = names.filter((name) => typeof name === 'string');
    const first = given
      .map((name) => this.#rows.get(name))
      .find((other) => other !== undefined && other !== row);
    if (first !== undefined) return first;
    for (const name of given) this.#rows.set(name, row);
    return undefined;
  }
}

export function isWork<P extends AnyPlanned>(
  plan: P | Refusal,
): plan is Extract<P, { readonly outcome: 'created' | 'changed' }> {
  return plan.outcome === 'created' || plan.outcome === 'changed';
}

/**
 * The plan with a note of the picture that it names and the site doesn't have: files of the catalog have no pictures, so that one comes
 * later, or never.
 */
export function noted<
  P extends Plan<SeriesRecord, SeriesPlanValues> | Plan<EpisodeRecord, EpisodePlanValues>,
>(
  plan: P,
  check: (
    values: Extract<P, { readonly outcome: 'created' | 'changed' }>['values'],
  ) => FieldError | undefined,
): P {
  if (!isWork(plan)) return plan;
  const missing = check(plan.values);
  if (!missing) return plan;
  const note = `Its ${missing.field} is not on this site: one is drawn until the same picture is uploaded.`;
  return { ...plan, notes: [...plan.notes, note] };
}

/** What the journal says of a row. */
export function entryOf(
  kind: RecordKind,
  act: 'create' | 'update',
  {
    id,
    label,
    origin,
    before,
    after,
  }: {
    readonly id: string | undefined;
    readonly label: string;
    readonly origin: Origin;
    readonly before?: RawRecord;
    readonly after: RawRecord;
  },
) {
  const subjectKind = kind === 'series' ? 'series' : 'episode';
  const names = Object.keys(kind === 'series' ? SERIES_FILE_FIELDS : EPISODE_FILE_FIELDS);
  return {
    action: `${subjectKind}.${act}`,
    subjectKind,
    subjectId: id ?? null,
    subjectLabel: label,
    changes: changesBetween(before && some(before, names), some(after, names)),
    details: { ...origin },
  };
}

export function placeOf({ source }: FileRecord, row: number): string {
  return 'json' in source ? `line ${row}` : `row ${row}`;
}

export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function texts(values: readonly unknown[]): readonly string[] {
  return [...new Set(values.filter((value) => typeof value === 'string'))];
}

export function some(values: RawRecord, names: readonly string[]): RawRecord {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
