import { isRefusedByDatabase } from '../../platform/database';
import { type Actor, type WriteContext, writeCatalog } from '../episodes/write';
import type { RawRecord, RecordKind } from './catalog-fields';
import type { FileRecord, RecordSource } from './catalog-file';
import { EpisodesImport } from './catalog-import-episodes';
import {
  type AnyPlanned,
  FirstRows,
  type Given,
  type ImportPart,
  isWork,
  type SeriesOf,
} from './catalog-import-part';
import { SeriesImport } from './catalog-import-series';
import { type ChangeText, parseRecord, problemText, type Refusal, refused } from './catalog-plan';

export type RowOutcome = 'created' | 'changed' | 'unchanged' | 'refused';

/** What became of a row of the file, or would. */
export type RowResult = {
  readonly kind: RecordKind;
  readonly row: number;
  readonly outcome: RowOutcome;
  /** What it is about, as far as that is known. */
  readonly label: string;
  readonly changes: readonly ChangeText[];
  /** Of a refused row what is wrong with it, of others what to know about it. */
  readonly notes: readonly string[];
  readonly source: RecordSource;
};

export type ImportCounts = Readonly<Record<RecordKind, Readonly<Record<RowOutcome, number>>>>;

const NONE = { created: 0, changed: 0, unchanged: 0, refused: 0 };
export const NO_ROWS: ImportCounts = { series: NONE, episodes: NONE };

export function countRows(counts: ImportCounts, rows: readonly RowResult[]): ImportCounts {
  const sums = { series: { ...counts.series }, episodes: { ...counts.episodes } };
  for (const { kind, outcome } of rows) sums[kind][outcome]++;
  return sums;
}

/** So many rows are compared, and written, at once. */
const CHUNK_ROWS = 500;
/** A changed series is on the cards of all its episodes, which are read twice. */
const CHUNK_SERIES = 100;
/** More are in no catalog, and each is remembered until the end, so that none comes twice. */
const MAX_ROWS = 200_000;

type ImportOptions = {
  /** Without it, nothing is written: what would become of each row is found out. */
  readonly actor?: Actor;
  /** What the journal says of where it came from. */
  readonly from: string;
  readonly importId?: string;
  readonly now: () => Date;
};

/**
 * Compares a file with the catalog, and brings the catalog to it, some hundred rows at a time, each in a transaction of its own: what can't be
 * taken stops nothing else. What is as the file says is not written.
 * @throws {CatalogFileError} when something is wrong with the file as a whole; what was written before stays
 */
export async function* importCatalog(
  catalog: WriteContext,
  records: AsyncIterable<FileRecord>,
  options: ImportOptions,
): AsyncGenerator<readonly RowResult[]> {
  const run = new CatalogImport(catalog, options);
  let chunk: FileRecord[] = [];
  for await (const record of records) {
    const isFull = chunk.length >= (record.kind === 'series' ? CHUNK_SERIES : CHUNK_ROWS);
    if (chunk.length > 0 && (isFull || chunk[0]?.kind !== record.kind)) {
      yield await run.take(chunk);
      chunk = [];
    }
    chunk.push(record);
  }
  if (chunk.length > 0) yield await run.take(chunk);
}

class CatalogImport {
  readonly #series: SeriesImport;
  readonly #episodes: EpisodesImport;
  #count = 0;

  constructor(
    private readonly catalog: WriteContext,
    private readonly options: ImportOptions,
  ) {
    const { from, importId, now } = options;
    const origin = { from, ...(importId !== undefined && { importId }) };
    const firstRows = new FirstRows();
    const planned = new Map<string, SeriesOf>();
    this.#series = new SeriesImport({ origin, firstRows, planned });
    // Those that were written are found in the database.
    this.#episodes = new EpisodesImport({
      origin,
      now,
      firstRows,
      planned: options.actor ? new Map() : planned,
    });
  }

  /** @param chunk of one kind */
  async take(chunk: readonly FileRecord[]): Promise<readonly RowResult[]> {
    this.#count += chunk.length;
    const given: Given[] = [];
    const results = new Map<FileRecord, RowResult>();
    for (const at of chunk) {
      const parsed = this.#parse(at);
      if (Array.isArray(parsed))
        results.set(at, result(at, 'refused', { notes: parsed, label: labelOfRaw(at) }));
      else given.push({ at, values: parsed });
    }
    const done =
      chunk[0]?.kind === 'series' ? await this.#takeSeries(given) : await this.#takeEpisodes(given);
    for (const each of done) results.set(each.at, each.result);
    return chunk.flatMap((at) => results.get(at) ?? []);
  }

  #parse(at: FileRecord): RawRecord | string[] {
    if (this.#count > MAX_ROWS) return [`Comes after ${MAX_ROWS} others, which is all that an import takes.`];
    if ('problem' in at) return [at.problem];
    const parsed = parseRecord(at.kind, at.record);
    return parsed.ok ? parsed.value : parsed.errors.map(problemText);
  }

  async #takeSeries(given: readonly Given[]): Promise<readonly Done[]> {
    const plans = await this.#bring(this.#series, given);
    this.#series.note(plans);
    return resultsOf(this.#series, given, plans);
  }

  async #takeEpisodes(given: readonly Given[]): Promise<readonly Done[]> {
    return resultsOf(this.#episodes, given, await this.#bring(this.#episodes, given));
  }

  /** Carries the plans out, if that is wanted; what became of each. */
  async #bring<P extends AnyPlanned>(
    part: ImportPart<P>,
    given: readonly Given[],
  ): Promise<readonly (P | Refusal)[]> {
    const planned = await part.plan(this.catalog.db, given);
    const { actor } = this.options;
    if (!actor || !planned.some((plan) => isWork(plan))) return planned;
    try {
      return await this.#write(part, actor, given, planned);
    } catch (error) {
      if (!isRefusedByDatabase(error)) throw error;
    }
    // Row by row, so that one of them stops no other.
    const plans: (P | Refusal)[] = [];
    for (const each of given) {
      try {
        const again = await part.plan(this.catalog.db, [each]);
        plans.push(...(await this.#write(part, actor, [each], again)));
      } catch (error) {
        if (!isRefusedByDatabase(error)) throw error;
        plans.push(REFUSED_BY_DATABASE);
      }
    }
    return plans;
  }

  async #write<P extends AnyPlanned>(
    part: ImportPart<P>,
    actor: Actor,
    given: readonly Given[],
    planned: readonly P[],
  ): Promise<readonly (P | Refusal)[]> {
    const scope = part.scopeOf(planned);
    return writeCatalog(this.catalog, actor, scope, async (write) => {
      // Once more, now that nobody else writes to them.
      const plans = (await part.plan(write.trx, given)).map((plan) =>
        part.isWithin(scope, plan) ? plan : MEANWHILE,
      );
      await part.carryOut(write, plans);
      return plans;
    });
  }
}

const REFUSED_BY_DATABASE = refused({
  field: '',
  message:
    'The database refuses it: what it has belongs to another row by now, or is not allowed. Look at it, and import it again.',
});
const MEANWHILE = refused({
  field: '',
  message: 'Was changed by somebody else in this moment. Import it again.',
});

type Done = { readonly at: FileRecord; readonly result: RowResult };

function resultsOf<P extends AnyPlanned>(
  part: ImportPart<P>,
  given: readonly Given[],
  plans: readonly (P | Refusal)[],
): readonly Done[] {
  return given.map(({ at, values }, index) => {
    const plan = plans[index] ?? refused();
    const [label, changes, notes] = [part.labelOf(values, plan), part.changesOf(plan), notesOf(plan)];
    return { at, result: result(at, plan.outcome, { label, changes, notes }) };
  });
}

function notesOf(plan: AnyPlanned): readonly string[] {
  if (plan.outcome === 'refused') return plan.errors.map(problemText);
  return plan.outcome === 'unchanged' ? [] : plan.notes;
}

function result(
  { kind, row, source }: FileRecord,
  outcome: RowOutcome,
  given: Partial<Pick<RowResult, 'label' | 'changes' | 'notes'>>,
): RowResult {
  return { kind, row, outcome, source, label: '', changes: [], notes: [], ...given };
}

/** What is written there, as far as it can be read. */
function labelOfRaw(at: FileRecord): string {
  if ('problem' in at) return '';
  const { slug, title = slug, series, kind, number } = at.record;
  const words = at.kind === 'series' ? [title] : [series, kind, number];
  return words
    .filter((word) => typeof word === 'string' || typeof word === 'number')
    .join(' ')
    .slice(0, MAX_LABEL);
}
const MAX_LABEL = 200;
