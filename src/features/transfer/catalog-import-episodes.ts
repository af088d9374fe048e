import type { Database, Transaction } from '../../platform/database';
import { writeVideoServers } from '../episodes/public';
import type { NamedScope, Write } from '../episodes/write';
import { readPictureCheck } from '../images/public';
import { episodeText, type RawRecord, SERIES_NAME } from './catalog-fields';
import {
  type EpisodePlanned,
  entryOf,
  type FirstRows,
  type Given,
  type ImportPart,
  isWork,
  noted,
  type Origin,
  placeOf,
  type SeriesOf,
  some,
  texts,
} from './catalog-import-part';
import {
  type ChangeText,
  changeTexts,
  type EpisodePlanValues,
  planEpisodeRecord,
  refused,
} from './catalog-plan';
import {
  type EpisodeRecord,
  findEpisodesOf,
  findSeriesOf,
  insertEpisodeRecords,
  updateEpisodeRow,
} from './catalog-rows';

/** The episodes of a file. */
export class EpisodesImport implements ImportPart<EpisodePlanned> {
  readonly #firstRows: FirstRows;
  readonly #planned: ReadonlyMap<string, SeriesOf>;
  readonly #origin: Origin;
  readonly #now: () => Date;

  /** @param options.planned series that are not written, by the addresses that they would have */
  constructor(options: {
    readonly firstRows: FirstRows;
    readonly planned: ReadonlyMap<string, SeriesOf>;
    readonly origin: Origin;
    readonly now: () => Date;
  }) {
    this.#firstRows = options.firstRows;
    this.#planned = options.planned;
    this.#origin = options.origin;
    this.#now = options.now;
  }

  async plan(db: Database | Transaction, given: readonly Given[]): Promise<readonly EpisodePlanned[]> {
    const seriesOf = await this.#findSeriesOf(db, given);
    const places = given.flatMap(({ values: { series, kind = 'regular', number } }) => {
      const id = seriesOf(series)?.id;
      return id === undefined || typeof number !== 'string'
        ? []
        : [{ seriesId: id, kind: String(kind), number }];
    });
    const externalIds = texts(given.map(({ values }) => values.externalId));
    const found = await findEpisodesOf(db, { places, externalIds });
    const byPlace = new Map(found.map((each) => [placeKey(each.seriesId, each.kind, each.number), each]));
    const byExternalId = new Map(found.map((each) => [each.externalId, each]));
    const checkStill = await readPictureCheck(
      db,
      'still',
      given.map(({ values }) => values.still),
    );
    const now = this.#now();
    return given.map(({ at, values }): EpisodePlanned => {
      const { externalId, number, kind = 'regular' } = values;
      const named = typeof externalId === 'string' ? byExternalId.get(externalId) : undefined;
      if (values[SERIES_NAME] === undefined && !named)
        return refused({ field: SERIES_NAME, message: 'Is required.' });
      const series =
        named && values[SERIES_NAME] === undefined ? seriesOfEpisode(named) : seriesOf(values[SERIES_NAME]);
      if (!series)
        return refused({
          field: SERIES_NAME,
          message: `There is no series with the address ${String(values[SERIES_NAME])}.`,
        });
      if (named && named.seriesId !== series.id)
        return refused({
          field: 'externalId',
          message: `Is that of an episode of another series, “${named.seriesTitle}”.`,
        });
      if (!named && typeof number !== 'string') return refused({ field: 'number', message: 'Is required.' });
      const key = placeKey(
        series.id ?? series.slug,
        String(values.kind ?? named?.kind ?? kind),
        String(number ?? named?.number),
      );
      const inPlace = byPlace.get(key);
      if (named && inPlace && inPlace.id !== named.id)
        return refused({ field: 'number', message: 'Is that of another episode of the series.' });
      const known = named ?? inPlace;
      const first = this.#firstRows.find(at, [
        known && `episode id ${known.id}`,
        `episode place ${key}`,
        typeof externalId === 'string' && `episode external ${externalId}`,
      ]);
      if (first !== undefined)
        return refused({ field: '', message: `Is the same episode as ${placeOf(at, first)}.` });
      const plan = planEpisodeRecord(values, known, now);
      return { ...noted(plan, ({ still }) => checkStill(still, known?.still)), series };
    });
  }

  scopeOf(plans: readonly EpisodePlanned[]): NamedScope {
    const works = plans.filter(isWork);
    return {
      seriesIds: [...new Set(works.flatMap(({ series }) => series?.id ?? []))],
      episodeIds: works.flatMap((plan) => (plan.outcome === 'changed' ? [plan.known.id] : [])),
    };
  }

  isWithin({ seriesIds, episodeIds }: NamedScope, plan: EpisodePlanned): boolean {
    if (!isWork(plan)) return true;
    const isOfSeries = seriesIds.includes(plan.series?.id ?? '');
    return isOfSeries && (plan.outcome === 'created' || episodeIds.includes(plan.known.id));
  }

  async carryOut(write: Write, plans: readonly EpisodePlanned[]): Promise<void> {
    const { trx } = write;
    // First what gives a number or an id away.
    for (const plan of plans) {
      if (plan.outcome !== 'changed') continue;
      const { known, values, changed, series } = plan;
      await updateEpisodeRow(trx, known.id, some(values, changed));
      const videoServers = changed.includes('videoServers')
        ? await writeVideoServers(trx, known.id, known.videoServers, values.videoServers)
        : known.videoServers;
      write.audit(
        entryOf('episodes', 'update', {
          id: known.id,
          label: episodeText(series?.title ?? '', values),
          origin: this.#origin,
          before: known,
          after: { ...values, videoServers },
        }),
      );
    }
    const created = plans.flatMap((plan) =>
      plan.outcome === 'created' && plan.series?.id !== undefined
        ? [{ values: plan.values, series: plan.series, seriesId: plan.series.id }]
        : [],
    );
    const added = await insertEpisodeRecords(
      trx,
      created.map(({ values, seriesId }) => toNewEpisode(values, seriesId)),
    );
    for (const [index, { values, series }] of created.entries()) {
      const { id, serverIds = [] } = added[index] ?? {};
      if (id === undefined) continue;
      write.created(id);
      const videoServers = values.videoServers.map((server, position) => ({
        ...server,
        id: serverIds[position],
      }));
      write.audit(
        entryOf('episodes', 'create', {
          id,
          label: episodeText(series.title, values),
          origin: this.#origin,
          after: { ...values, videoServers },
        }),
      );
    }
  }

  labelOf(given: RawRecord, plan: EpisodePlanned): string {
    const { number = '', kind } = plan.outcome === 'refused' ? given : { ...given, ...placeIn(plan) };
    const series = plan.series?.title ?? String(given[SERIES_NAME] ?? '');
    return episodeText(series, { number: String(number), kind: kind === 'special' ? 'special' : 'regular' });
  }

  changesOf(plan: EpisodePlanned): readonly ChangeText[] {
    return plan.outcome === 'changed' ? changeTexts('episodes', plan) : [];
  }

  async #findSeriesOf(
    db: Database | Transaction,
    given: readonly Given[],
  ): Promise<(slug: unknown) => SeriesOf | undefined> {
    const slugs = texts(given.map(({ values }) => values[SERIES_NAME]));
    const found = await findSeriesOf(db, { slugs });
    const bySlug = new Map<string, SeriesOf>();
    // An address that leads on is as good as the one that it leads to.
    for (const series of found) for (const slug of series.formerSlugs) bySlug.set(slug, series);
    for (const series of found) bySlug.set(series.slug, series);
    return (slug) => (typeof slug === 'string' ? (this.#planned.get(slug) ?? bySlug.get(slug)) : undefined);
  }
}

function placeIn(plan: Exclude<EpisodePlanned, { outcome: 'refused' }>) {
  const { kind, number } = plan.outcome === 'unchanged' ? plan.known : plan.values;
  return { kind, number };
}

function seriesOfEpisode({ seriesId, seriesTitle, seriesSlug }: EpisodeRecord): SeriesOf {
  return { id: seriesId, title: seriesTitle, slug: seriesSlug };
}

function placeKey(series: string, kind: string, number: string): string {
  return `${series} ${kind} ${number}`;
}

function toNewEpisode(values: EpisodePlanValues, seriesId: string) {
  const { importedAs, isAsImported } = values;
  return {
    ...values,
    seriesId,
    importedAs: typeof importedAs === 'number' ? importedAs : null,
    isAsImported: isAsImported === true,
  };
}
