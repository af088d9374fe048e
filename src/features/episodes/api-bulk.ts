import { z } from 'zod';
import { ClientError } from '../../web/error-handler';
import { type FieldError, parseInput } from '../../web/input';
import { type ResourceKey, resourceKeyText } from '../../web/resource-key';
import { type PictureCheck, readPictureCheck } from '../images/public';
import { findSeriesIds } from '../series/public';
import { refusalOf } from './api-answers';
import {
  type BulkItem,
  bulkItemSchema,
  claimProblem,
  type Problem,
  putInput,
  timeProblem,
} from './api-input';
import { putEpisodes, type Wish } from './put-repository';
import type { Actor, WriteContext } from './write';

/** What became of one of many, as the API answers it. */
export const bulkResultAnswer = z.union([
  z.strictObject({
    index: z.int(),
    outcome: z.enum(['created', 'changed', 'unchanged']),
    id: z.string(),
    version: z.int(),
  }),
  z.strictObject({
    index: z.int(),
    outcome: z.literal('refused'),
    status: z.int(),
    detail: z.string(),
    errors: z.array(z.strictObject({ field: z.string(), message: z.string() })),
  }),
]);
type BulkResult = z.output<typeof bulkResultAnswer>;

/** An item with the series that it is of. */
type Placed = { readonly index: number; readonly item: BulkItem; readonly seriesId: string };

/** Makes each of the episodes what is sent; what can't be written stops no other. The results are in the order of the items. */
export async function saveMany(
  catalog: WriteContext,
  actor: Actor,
  items: readonly unknown[],
): Promise<readonly BulkResult[]> {
  const results = new Map<number, BulkResult>();
  const refuse = (index: number, { status, message, fields }: ClientError): void => {
    results.set(index, { index, outcome: 'refused', status, detail: message, errors: [...fields] });
  };
  const parsed = items.flatMap((given, index) => {
    const item = parseInput(bulkItemSchema, given);
    if (item.ok) return [{ index, item: item.value }];
    refuse(index, wrongFields(item.errors));
    return [];
  });
  const seriesIds = await findSeriesIds(
    catalog.db,
    parsed.flatMap(({ item }) => seriesOf(item) ?? []),
  );
  const known = new Set<string>();
  const placed = parsed.flatMap(({ index, item }): Placed[] => {
    const key = seriesOf(item);
    const seriesId = key && seriesIds.get(resourceKeyText(key));
    const problem = seriesId === undefined ? seriesProblem(item) : twiceProblem(item, seriesId, known);
    if (seriesId !== undefined && !problem) return [{ index, item, seriesId }];
    refuse(index, wrongFields(problem ? [problem] : []));
    return [];
  });
  const stills = placed.map(({ item }) => item.still);
  const check = await readPictureCheck(catalog.db, 'still', stills);
  const written = await putEpisodes(
    catalog,
    actor,
    placed.map((each) => toWish(each, check)),
  );
  for (const [position, { index }] of placed.entries()) {
    const result = written[position];
    if (!result) throw new Error('A result is missing.');
    if (!('episode' in result)) refuse(index, refusalOf(result));
    else {
      const { id, version } = result.episode;
      results.set(index, { index, outcome: result.outcome, id, version });
    }
  }
  return items.flatMap((_, index) => results.get(index) ?? []);
}

function seriesOf({ series, seriesId }: BulkItem): ResourceKey | undefined {
  return series ?? (seriesId === undefined ? undefined : { by: 'id', value: seriesId });
}

function seriesProblem({ series, seriesId }: BulkItem): FieldError {
  if (series) return { field: 'series', message: 'There is no such series.' };
  return seriesId === undefined
    ? { field: 'series', message: 'Is required, or seriesId.' }
    : { field: 'seriesId', message: 'There is no series with this id.' };
}

/** @param known what the items before it are known by */
function twiceProblem(item: BulkItem, seriesId: string, known: Set<string>): FieldError | undefined {
  if (item.series && item.seriesId !== undefined && item.seriesId !== seriesId)
    return {
      field: 'seriesId',
      message: `Is ${seriesId} of the series that is named. Leave one of the two out.`,
    };
  const place = `number ${seriesId} ${item.kind ?? 'regular'} ${item.number}`;
  const external = item.externalId === null ? undefined : `external ${item.externalId}`;
  if (known.has(place)) return { field: 'number', message: 'Is there twice in this request.' };
  if (external !== undefined && known.has(external))
    return { field: 'externalId', message: 'Is there twice in this request.' };
  known.add(place);
  if (external !== undefined) known.add(external);
  return undefined;
}

function toWish({ item, seriesId }: Placed, check: PictureCheck): Wish<Problem> {
  const { number, kind = 'regular' } = item;
  return {
    seriesId,
    place: { kind, number },
    externalId: item.externalId ?? undefined,
    change: (current) => {
      // What is found by its external id may have got another number, and still has its series.
      const problem = claimProblem({ ...item, seriesId }, current);
      if (problem) return { problem };
      const wanted = putInput(item, { kind });
      if ('errors' in wanted) return { problem: { type: 'fields', errors: wanted.errors } };
      const wrong = timeProblem(wanted, current) ?? check(wanted.still, current?.still);
      return wrong ? { problem: { type: 'fields', errors: [wrong] } } : wanted;
    },
  };
}

function wrongFields(errors: readonly FieldError[]): ClientError {
  return new ClientError(422, 'Some fields are not right.', errors);
}
