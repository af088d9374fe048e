import { z } from 'zod';
import { overlooked, patchShape, pick } from '../../web/fields';
import { databaseId, type FieldError, parseInput } from '../../web/input';
import type { ResourceKey } from '../../web/resource-key';
import { newSeriesSchema, SERIES_FIELDS, type Series, type SeriesInput, seriesSchema } from './fields';

/** What an answer has besides the fields. As of an episode. */
const SENT_BACK = {
  id: databaseId.optional(),
  version: z.int('Must be a whole number.').optional(),
  ...overlooked('public', 'url', 'createdAt', 'updatedAt'),
};

/** What a script may change: any of the fields. */
export const seriesPatchSchema = z.strictObject({ ...patchShape(SERIES_FIELDS), ...SENT_BACK }).partial();
export type SeriesPatch = z.output<typeof seriesPatchSchema>;

/** A series as it is to be, whether it is there or not. */
export const seriesPutSchema = z.strictObject({ ...newSeriesSchema.shape, ...SENT_BACK });

/** Why a series can't become what is wanted. */
export type Problem =
  | { readonly type: 'unexpected' }
  | { readonly type: 'version' }
  | { readonly type: 'fields'; readonly errors: readonly FieldError[] };

/** What is sent back of what an answer has, and what is to be. */
export type Sent = {
  readonly id?: string | undefined;
  readonly version?: number | undefined;
  readonly input: SeriesInput;
};

/** A whole series, as it was put. The address says what the body does not. @throws nothing: what is wrong is the result */
export function parsePut(body: unknown, key: ResourceKey): Sent | { readonly errors: readonly FieldError[] } {
  const parsed = parseInput(seriesPutSchema, body);
  if (!parsed.ok) return parsed;
  const { id, version } = parsed.value;
  const { slug, externalId } = parsed.value;
  const named = key.by === 'slug' ? (['slug', slug] as const) : (['externalId', externalId] as const);
  const [field, said] = named;
  if (key.by !== 'id' && said !== undefined && said !== null && said !== key.value)
    return {
      errors: [{ field, message: `Is ${key.value} by the address. Leave it out, or change it with PATCH.` }],
    };
  const fields = Object.entries(parsed.value).filter(([name]) => name in SERIES_FIELDS);
  const byAddress = key.by === 'id' ? {} : { [field]: key.value };
  const checked = parseInput(seriesSchema, { ...Object.fromEntries(fields), ...byAddress });
  return checked.ok ? { id, version, input: checked.value } : checked;
}

/** The series with the fields of a patch in place of its own. */
export function patched(
  current: Series,
  patch: SeriesPatch,
): SeriesInput | { readonly errors: readonly FieldError[] } {
  const given = Object.entries(patch).filter(([name, value]) => name in SERIES_FIELDS && value !== undefined);
  const isRenamed = patch.titleNative !== undefined && patch.nativeLanguage === undefined;
  const next = { ...pick(SERIES_FIELDS, current), ...Object.fromEntries(given) };
  // Of another title in another script, the language is guessed as it is of a new one.
  const checked = parseInput(
    seriesSchema,
    isRenamed && !current.nativeLanguage ? { ...next, nativeLanguage: null } : next,
  );
  return checked.ok ? checked.value : checked;
}

/** What is not true of what was sent back. */
export function claimProblem(
  { id, version }: Pick<Sent, 'id' | 'version'>,
  current: Series | undefined,
): Problem | undefined {
  const there = { id: current?.id, version: current?.version };
  if (id !== undefined && id !== there.id)
    return { type: 'fields', errors: [{ field: 'id', message: wrongClaim(there.id) }] };
  if (version === undefined || version === there.version) return undefined;
  return current
    ? { type: 'version' }
    : { type: 'fields', errors: [{ field: 'version', message: wrongClaim(undefined) }] };
}

function wrongClaim(is: string | undefined): string {
  return is === undefined ? 'There is none yet. Leave it out.' : `Is ${is} of this one. Leave it out.`;
}
