import { type Request, type Response, Router } from 'express';
import { readSettledTime } from '../../platform/database';
import { toChangesPage } from '../../web/change-paging';
import { ClientError } from '../../web/error-handler';
import { toAnswer } from '../../web/fields';
import { type FieldError, parseInput } from '../../web/input';
import { nextOf } from '../../web/paging';
import { CHANGES_PAGING, parseParameters, readChangesPaging, SEARCH } from '../../web/parameters';
import { type Precondition, preconditionFailed, readPrecondition } from '../../web/preconditions';
import { parseKey, type ResourceKey } from '../../web/resource-key';
import { bearerOf } from '../accounts/public';
import type { Actor, WriteContext } from '../episodes/write';
import { type ImageContext, type PictureCheck, readPictureCheck, takePicture } from '../images/public';
import {
  claimProblem,
  type Problem,
  parsePut,
  patched,
  type Sent,
  type SeriesPatch,
  seriesPatchSchema,
} from './api-input';
import { SERIES_FIELDS, type Series, type SeriesInput, seriesPath, seriesSchema } from './fields';
import { findPublicIds } from './public';
import {
  createSeries,
  findSeriesBy,
  isAlready,
  listChangedSeries,
  listSeries,
  type SeriesWriteResult,
  updateSeries,
} from './repository';

type Change = (current: Series) => SeriesInput | { readonly problem: Problem };

export function seriesRoutes({
  catalog,
  images,
}: {
  readonly catalog: WriteContext;
  readonly images: ImageContext;
}): Router {
  const router = Router();

  router.get('/series', async (request, response) => {
    const { limit, after, updatedSince, ...filter } = parseParameters(request, {
      ...CHANGES_PAGING,
      ...SEARCH,
    });
    const paging = readChangesPaging({ after, updatedSince });
    if ('since' in paging) {
      const until = paging.place?.until ?? (await readSettledTime(catalog.db));
      const rows = await listChangedSeries(catalog.db, { ...filter, ...paging, limit: limit + 1 });
      response.json(toChangesPage(rows, await toAnswers(rows.slice(0, limit)), limit, until));
      return;
    }
    const rows = await listSeries(catalog.db, { ...filter, ...paging, limit: limit + 1 });
    response.json({ data: await toAnswers(rows.slice(0, limit)), next: nextOf(rows, limit) });
  });

  router.post('/series', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(seriesSchema, request.body);
    if (!parsed.ok) throw wrongFields(parsed.errors);
    const { poster } = parsed.value;
    const wrong = (await checkOf(poster))(poster);
    if (wrong) throw wrongFields([wrong]);
    const result = await createSeries(catalog, bearerOf(response), parsed.value);
    if (result.outcome !== 'saved') throw refusalOf(result);
    await sendCreated(response, result.series);
  });

  router.get('/series/:key', async (request, response) => {
    parseParameters(request, {});
    const isExpected = readPrecondition(request);
    const series = await getSeries(request);
    if (!isExpected(seriesTag(series))) throw preconditionFailed(seriesTag(series));
    await sendSeries(response, series);
  });

  router.put('/series/:key', async (request, response) => {
    parseParameters(request, {});
    const key = keyOf(request);
    const sent = parsePut(request.body, key);
    if ('errors' in sent) throw wrongFields(sent.errors);
    const isExpected = readPrecondition(request);
    const result = await putSeries(bearerOf(response), key, sent, isExpected);
    if (result.outcome === 'created') await sendCreated(response, result.series);
    else await sendSeries(response, result.series);
  });

  router.patch('/series/:key', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(seriesPatchSchema, request.body);
    if (!parsed.ok) throw wrongFields(parsed.errors);
    await sendPatched(request, response, parsed.value);
  });

  router.put('/series/:key/poster', async (request, response) => {
    parseParameters(request, {});
    const isExpected = readPrecondition(request);
    const series = await getSeries(request);
    // Ahead of the picture, which takes its time.
    if (!isExpected(seriesTag(series))) throw preconditionFailed(seriesTag(series));
    await sendPatched(request, response, { poster: await takePicture(images, request, 'poster') });
  });

  router.delete('/series/:key/poster', async (request, response) => {
    parseParameters(request, {});
    await sendPatched(request, response, { poster: null });
  });

  async function sendPatched(request: Request, response: Response, patch: SeriesPatch): Promise<void> {
    const isExpected = readPrecondition(request);
    const { id } = await getSeries(request);
    const check = await checkOf(patch.poster);
    const series = await change(bearerOf(response), id, (current) => {
      const problem = refusedBefore(current, isExpected, patch);
      if (problem) return { problem };
      const wanted = patched(current, patch);
      return 'errors' in wanted
        ? { problem: { type: 'fields', ...wanted } }
        : checked(wanted, current, check);
    });
    await sendSeries(response, series);
  }

  function checkOf(poster: string | null | undefined): Promise<PictureCheck> {
    return readPictureCheck(catalog.db, 'poster', [poster]);
  }

  /** Makes a series what was sent, whether it is there or not. Again where somebody else was just faster to make it. */
  async function putSeries(
    actor: Actor,
    key: ResourceKey,
    sent: Sent,
    isExpected: Precondition,
    triesLeft = 2,
  ): Promise<{ readonly outcome: 'created' | 'saved'; readonly series: Series }> {
    const found = await findSeriesBy(catalog.db, key);
    const problem = refusedBefore(found, isExpected, sent);
    if (problem) throw problemRefusal(problem, found);
    if (found) {
      if (isAlready(found, sent.input)) return { outcome: 'saved', series: found };
      const check = await checkOf(sent.input.poster);
      const series = await change(actor, found.id, (current) => {
        const late = refusedBefore(current, isExpected, sent);
        return late ? { problem: late } : checked(sent.input, current, check);
      });
      return { outcome: 'saved', series };
    }
    if (key.by === 'id') throw unknownSeries();
    const wrong = (await checkOf(sent.input.poster))(sent.input.poster);
    if (wrong) throw wrongFields([wrong]);
    const result = await createSeries(catalog, actor, sent.input);
    if (result.outcome === 'saved') return { outcome: 'created', series: result.series };
    if (triesLeft > 0 && (await findSeriesBy(catalog.db, key)))
      return putSeries(actor, key, sent, isExpected, triesLeft - 1);
    throw refusalOf(result);
  }

  async function change(actor: Actor, id: string, wanted: Change): Promise<Series> {
    const result = await updateSeries<Problem>(catalog, actor, id, wanted);
    if (result.outcome === 'saved') return result.series;
    throw result.outcome === 'refused' ? problemRefusal(result.problem, result.current) : refusalOf(result);
  }

  async function sendCreated(response: Response, series: Series): Promise<void> {
    await sendSeries(response.status(201).location(`/api/v1/series/${series.id}`), series);
  }

  async function sendSeries(response: Response, series: Series): Promise<void> {
    const [answer] = await toAnswers([series]);
    response.set('ETag', seriesTag(series)).json(answer);
  }

  async function toAnswers(rows: readonly Series[]) {
    const ids = rows.map(({ id }) => id);
    const publicIds = await findPublicIds(catalog.db, ids);
    return rows.map((series) => toJson(series, publicIds.has(series.id)));
  }

  async function getSeries(request: Request): Promise<Series> {
    const series = await findSeriesBy(catalog.db, keyOf(request));
    if (!series) throw unknownSeries();
    return series;
  }

  return router;
}

function keyOf(request: Request): ResourceKey {
  const key = parseKey(request.params.key);
  if (!key) throw unknownSeries();
  return key;
}

function refusedBefore(
  current: Series | undefined,
  isExpected: Precondition,
  claims: Pick<Sent, 'id' | 'version'>,
): Problem | undefined {
  if (!isExpected(current && seriesTag(current))) return { type: 'unexpected' };
  return claimProblem(claims, current);
}

/** What is wanted, unless it names a picture that is not kept. */
function checked(wanted: SeriesInput, current: Series, check: PictureCheck): ReturnType<Change> {
  const wrong = check(wanted.poster, current.poster);
  return wrong ? { problem: { type: 'fields', errors: [wrong] } } : wanted;
}

function unknownSeries(): ClientError {
  return new ClientError(404, 'There is no such series.');
}

function wrongFields(errors: readonly FieldError[]): ClientError {
  return new ClientError(422, 'Some fields are not right.', errors);
}

function problemRefusal(problem: Problem, current: Series | undefined): ClientError {
  if (problem.type === 'fields') return wrongFields(problem.errors);
  if (problem.type === 'version' && current) return versionRefusal(current);
  return preconditionFailed(current && seriesTag(current));
}

function refusalOf(result: Exclude<SeriesWriteResult, { readonly outcome: 'saved' }>): ClientError {
  switch (result.outcome) {
    case 'not-found':
      return unknownSeries();
    case 'conflict':
      return versionRefusal(result.current);
    case 'slug-taken':
      return new ClientError(409, 'The slug is taken.', [
        { field: 'slug', message: 'Another series has this slug.' },
      ]);
    case 'external-id-taken':
      return new ClientError(409, 'The external id is taken.', [
        { field: 'externalId', message: 'Another series has this external id.' },
      ]);
    default:
      return result satisfies never;
  }
}

function versionRefusal({ version }: Series): ClientError {
  return new ClientError(409, `The series was changed meanwhile: it is at version ${version}.`, [
    { field: 'version', message: `Is ${version} now.` },
  ]);
}

/** All that is said of a series is its own. */
function seriesTag({ version }: Series): string {
  return `"${version}"`;
}

function toJson(series: Series, isPublic: boolean) {
  const { id, slug, version, createdAt, updatedAt } = series;
  return {
    id,
    ...toAnswer(SERIES_FIELDS, series),
    public: { is: isPublic, why: isPublic ? [] : ['hidden'] },
    version,
    url: seriesPath(slug),
    createdAt,
    updatedAt,
  };
}
