import type { Database, Transaction } from '../../platform/database';
import type { NamedScope, Write } from '../episodes/write';
import { readPictureCheck } from '../images/public';
import { slugFromTitle, slugWithSuffix } from '../series/public';
import { foldTitles, readReadings } from '../titles/public';
import type { RawRecord } from './catalog-fields';
import {
  entryOf,
  type FirstRows,
  type Given,
  type ImportPart,
  noted,
  type Origin,
  placeOf,
  type SeriesOf,
  type SeriesPlanned,
  some,
  textIn,
  texts,
} from './catalog-import-part';
import {
  type ChangeText,
  changeTexts,
  planSeriesRecord,
  refused,
  type SeriesPlanValues,
} from './catalog-plan';
import {
  findSeriesOf,
  findTakenSlugs,
  insertSeries,
  type SeriesRecord,
  updateSeriesRow,
} from './catalog-rows';

/** Of so many series of the same title each gets an address with another number. */
const MAX_SAME_SLUGS = 50;

/** The series of a file. */
export class SeriesImport implements ImportPart<SeriesPlanned> {
  readonly #firstRows: FirstRows;
  readonly #planned: Map<string, SeriesOf>;
  readonly #origin: Origin;

  /** @param options.planned takes the series of the file by the addresses that they would have by now */
  constructor(options: {
    readonly firstRows: FirstRows;
    readonly planned: Map<string, SeriesOf>;
    readonly origin: Origin;
  }) {
    this.#firstRows = options.firstRows;
    this.#planned = options.planned;
    this.#origin = options.origin;
  }

  async plan(db: Database | Transaction, given: readonly Given[]): Promise<readonly SeriesPlanned[]> {
    const all = (name: string) => texts(given.map(({ values }) => values[name]));
    const found = await findSeriesOf(db, {
      slugs: all('slug'),
      externalIds: all('externalId'),
      sources: all('source'),
    });
    const freeSlug = await this.#slugsFor(db, given);
    const checkPoster = await readPictureCheck(db, 'poster', all('poster'));
    const bySlug = new Map(found.map((each) => [each.slug, each]));
    const byFormerSlug = new Map(found.flatMap((each) => each.formerSlugs.map((slug) => [slug, each])));
    const byExternalId = new Map(found.map((each) => [each.externalId, each]));
    const bySource = new Map(found.map((each) => [each.source, each]));
    return given.map(({ at, values }): SeriesPlanned => {
      const [slug, externalId, source] = [values.slug, values.externalId, values.source].map(textIn);
      if (slug === undefined && externalId === undefined)
        return refused({
          field: 'slug',
          message: 'Is required, or externalId: without them nobody knows which series it is.',
        });
      const holder = slug === undefined ? undefined : bySlug.get(slug);
      const named = holder ?? (slug === undefined ? undefined : byFormerSlug.get(slug));
      const known =
        (externalId === undefined ? undefined : byExternalId.get(externalId)) ??
        (source === undefined ? undefined : bySource.get(source)) ??
        (isOtherSource(named, source) ? undefined : named);
      if (holder && holder.id !== known?.id)
        return refused({ field: 'slug', message: `Is the address of another series, “${holder.title}”.` });
      const first = this.#firstRows.find(at, [
        known && `series id ${known.id}`,
        slug !== undefined && `series slug ${slug}`,
        externalId !== undefined && `series external ${externalId}`,
        source !== undefined && `series source ${source}`,
      ]);
      if (first !== undefined)
        return refused({ field: '', message: `Is the same series as ${placeOf(at, first)}.` });
      const plan = noted(planSeriesRecord(values, known), ({ poster }) => checkPoster(poster, known?.poster));
      if (plan.outcome !== 'created' || plan.values.slug !== undefined) return plan;
      return { ...plan, values: { ...plan.values, slug: freeSlug(plan.values.title) } };
    });
  }

  scopeOf(plans: readonly SeriesPlanned[]): NamedScope {
    return {
      seriesIds: plans.flatMap((plan) => (plan.outcome === 'changed' ? [plan.known.id] : [])),
      episodeIds: 'all-of-series',
    };
  }

  isWithin({ seriesIds }: NamedScope, plan: SeriesPlanned): boolean {
    return plan.outcome !== 'changed' || seriesIds.includes(plan.known.id);
  }

  async carryOut(write: Write, plans: readonly SeriesPlanned[]): Promise<void> {
    const { trx } = write;
    const created = plans.flatMap((plan) => (plan.outcome === 'created' ? [plan.values] : []));
    const idOf = await insertSeries(trx, created.map(toNewSeries));
    const ids = [...idOf.values()];
    for (const plan of plans) {
      if (plan.outcome === 'created') {
        const { values } = plan;
        write.audit(
          entryOf('series', 'create', {
            id: idOf.get(values.slug ?? ''),
            label: values.title,
            origin: this.#origin,
            after: values,
          }),
        );
      } else if (plan.outcome === 'changed') {
        const { known, values, changed } = plan;
        await updateSeriesRow(trx, known.id, some(values, changed));
        ids.push(known.id);
        write.audit(
          entryOf('series', 'update', {
            id: known.id,
            label: values.title,
            origin: this.#origin,
            before: known,
            after: values,
          }),
        );
      }
    }
    await foldTitles(trx, ids);
  }

  labelOf(given: RawRecord, plan: SeriesPlanned): string {
    if (plan.outcome === 'unchanged') return plan.known.title;
    return plan.outcome === 'refused' ? String(given.title ?? given.slug ?? '') : plan.values.title;
  }

  changesOf(plan: SeriesPlanned): readonly ChangeText[] {
    return plan.outcome === 'changed' ? changeTexts('series', plan) : [];
  }

  /** Notes the addresses that they have by now, for the episodes that follow. */
  note(plans: readonly SeriesPlanned[]): void {
    for (const plan of plans) {
      if (plan.outcome !== 'created' && plan.outcome !== 'changed') continue;
      const { slug, title } = plan.values;
      if (slug === undefined) continue;
      this.#planned.set(slug, { id: plan.outcome === 'changed' ? plan.known.id : undefined, title, slug });
    }
  }

  /** For series that bring no address: the first free one of a title, which is taken then. */
  async #slugsFor(db: Database | Transaction, given: readonly Given[]): Promise<(title: string) => string> {
    const titles = texts(given.map(({ values }) => (values.slug === undefined ? values.title : undefined)));
    const readings = await readReadings(db, titles);
    const candidatesOf = (title: string): readonly string[] => {
      const slug = slugFromTitle(title, readings.get(title));
      return Array.from({ length: MAX_SAME_SLUGS }, (_, index) =>
        index === 0 ? slug : slugWithSuffix(slug, `-${index + 1}`),
      );
    };
    const taken = new Set(await findTakenSlugs(db, titles.flatMap(candidatesOf)));
    for (const { values } of given) if (typeof values.slug === 'string') taken.add(values.slug);
    return (title) => {
      const candidates = candidatesOf(title);
      const slug = candidates.find((each) => !taken.has(each) && !this.#planned.has(each));
      taken.add(slug ?? '');
      // The database refuses it.
      return slug ?? candidates[0] ?? '';
    };
  }
}

/** Two that come from different items of bangumi-data are not the same, whatever their addresses are. */
function isOtherSource(series: SeriesRecord | undefined, source: string | undefined): boolean {
  const known = series?.source ?? undefined;
  return known !== undefined && source !== undefined && known !== source;
}

function toNewSeries(values: SeriesPlanValues) {
  const { slug, formerSlugs } = values;
  if (slug === undefined) throw new Error('A new series has no address.');
  return { ...values, slug, formerSlugs: Array.isArray(formerSlugs) ? formerSlugs.map(String) : [] };
}
