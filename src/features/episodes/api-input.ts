import { z } from 'zod';
import { newShape, overlooked, patchShape, pick } from '../../web/fields';
import { databaseId, type FieldError } from '../../web/input';
import { parseKey } from '../../web/resource-key';
import { EPISODE_FIELDS, type Episode, type EpisodeInput, publicationProblem } from './fields';

/**
 * What an answer has besides the fields. What says which episode is meant has to be true where it is sent back; what follows from
 * the rest is overlooked.
 */
const SENT_BACK = {
  id: databaseId.optional(),
  seriesId: databaseId.optional(),
  version: z.int('Must be a whole number.').optional(),
  ...overlooked('public', 'publishedAt', 'deletedAt', 'url', 'createdAt', 'updatedAt'),
};

/** What a script may change: any of the fields. */
export const episodePatchSchema = z.strictObject({ ...patchShape(EPISODE_FIELDS), ...SENT_BACK }).partial();
export type EpisodePatch = z.output<typeof episodePatchSchema>;

const putShape = {
  ...newShape(EPISODE_FIELDS),
  kind: EPISODE_FIELDS.kind.schema.optional(),
  number: EPISODE_FIELDS.number.schema.optional(),
  ...SENT_BACK,
};

/** An episode as it is to be, whether it is there or not. Its address may say its kind and number. */
export const episodePutSchema = z.strictObject(putShape);
export type EpisodePut = z.output<typeof episodePutSchema>;

const SERIES_ERROR = 'Must be an id, or slug: or external: with what is meant behind it.';

/** One of many, which says itself where it belongs. */
export const bulkItemSchema = z.strictObject({
  ...putShape,
  number: EPISODE_FIELDS.number.schema,
  series: z
    .string(SERIES_ERROR)
    .transform((text, context) => parseKey(text) ?? refuseKey(context))
    .optional(),
});
export type BulkItem = z.output<typeof bulkItemSchema>;

function refuseKey(context: z.RefinementCtx): never {
  context.addIssue({ code: 'custom', message: SERIES_ERROR, continue: true });
  return z.NEVER;
}

/** @see restoreEpisode */
export const restoreSchema = z.strictObject({ number: EPISODE_FIELDS.number.schema }).partial();

/** As many as a page of the list has. */
export const MAX_BULK = 200;

/** The items are parsed one by one: one that is wrong stops no other. */
export const bulkSchema = z.strictObject({
  episodes: z
    .array(z.unknown(), 'Must be a list of episodes.')
    .min(1, 'Must have at least one episode.')
    .max(MAX_BULK, `Must have at most ${MAX_BULK} episodes.`),
});

/** For the description of the API. */
export const describedBulkSchema = z.strictObject({ episodes: z.array(bulkItemSchema).min(1).max(MAX_BULK) });

/** Why an episode can't become what is wanted. */
export type Problem =
  /** It is not the one that the request is meant for. */
  | { readonly type: 'unexpected' }
  | { readonly type: 'version' }
  | { readonly type: 'fields'; readonly errors: readonly FieldError[] };

/** What is not true of what was sent back. @param current undefined for what is not there */
export function claimProblem(
  { id, seriesId, version }: Pick<EpisodePut, 'id' | 'seriesId' | 'version'>,
  current: Episode | undefined,
): Problem | undefined {
  const errors: FieldError[] = [];
  if (id !== undefined && id !== current?.id)
    errors.push({
      field: 'id',
      message: current ? `Is ${current.id} of this one. Leave it out.` : 'There is none yet. Leave it out.',
    });
  if (seriesId !== undefined && current && seriesId !== current.seriesId)
    errors.push({
      field: 'seriesId',
      message: `Is ${current.seriesId}: an episode never moves to another series.`,
    });
  if (version !== undefined && !current)
    errors.push({ field: 'version', message: 'There is none yet. Leave it out.' });
  if (errors.length > 0) return { type: 'fields', errors };
  return version !== undefined && version !== current?.version ? { type: 'version' } : undefined;
}

/** The episode's fields with the patch's in place of those it names; checked as a whole by the tables. */
export function patched(
  current: Episode,
  { id: _id, seriesId: _seriesId, version: _version, ...patch }: EpisodePatch,
): EpisodeInput {
  const given = Object.fromEntries(
    Object.entries(patch).filter(([name, value]) => name in EPISODE_FIELDS && value !== undefined),
  );
  const next: EpisodeInput = {
    ...pick(EPISODE_FIELDS, current),
    videoServers: [...current.videoServers],
    ...given,
  };
  // A script that says no more than "publish" means now.
  const isNow = patch.status === 'published' && patch.publishAt === undefined && isToCome(next.publishAt);
  return isNow ? { ...next, publishAt: null } : next;
}

function isToCome(time: Date | null): boolean {
  return time !== null && time.getTime() > Date.now();
}

/** What is wrong with when it is to be published. */
export function timeProblem(wanted: EpisodeInput, current: Episode | undefined): FieldError | undefined {
  if (wanted.status === 'scheduled' && wanted.publishAt === null)
    return { field: 'publishAt', message: 'Is required for a scheduled episode.' };
  return publicationProblem(wanted, current, new Date());
}

/** What was put, in full. @param address what the address says of it, or else what is there */
export function putInput(
  put: EpisodePut,
  address: Partial<Pick<EpisodeInput, 'kind' | 'number' | 'externalId'>>,
): EpisodeInput | { readonly errors: readonly FieldError[] } {
  const number = put.number ?? address.number;
  if (number === undefined) return { errors: [{ field: 'number', message: 'Is required.' }] };
  return {
    ...pick(EPISODE_FIELDS, { ...put, number, kind: put.kind ?? address.kind ?? 'regular' }),
    externalId: put.externalId ?? address.externalId ?? null,
  };
}

/** Whether they say the same; if not, the body would move what the address names. */
export function contradiction(
  put: EpisodePut,
  address: Partial<Pick<EpisodeInput, 'kind' | 'number' | 'externalId'>>,
): readonly FieldError[] {
  return (['kind', 'number', 'externalId'] as const).flatMap((field) => {
    const [said, meant] = [put[field], address[field]];
    if (meant === undefined || meant === null || said === undefined || said === null || said === meant)
      return [];
    return [{ field, message: `Is ${meant} by the address. Leave it out, or change it with PATCH.` }];
  });
}
