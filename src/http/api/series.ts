import { Router } from 'express';
import { parseInput } from '../../catalog/input';
import { type Series, seriesSchema } from '../../catalog/series';
import { createSeries, listSeries } from '../../catalog/series-repository';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';
import { bearerOf } from './bearer';
import { toPage } from './paging';
import { PAGING, parseParameters, SEARCH } from './parameters';

export function seriesRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  router.get('/series', async (request, response) => {
    const { limit, ...filter } = parseParameters(request, { ...PAGING, ...SEARCH });
    const rows = await listSeries(catalog.db, { ...filter, limit: limit + 1 });
    response.json(toPage(rows, limit, seriesJson));
  });

  router.post('/series', async (request, response) => {
    parseParameters(request, {});
    const parsed = parseInput(seriesSchema, request.body);
    if (!parsed.ok) throw new ClientError(422, 'Some fields are not right.', parsed.errors);
    const result = await createSeries(catalog, bearerOf(response), parsed.value);
    if (result.outcome !== 'saved') {
      throw new ClientError(409, 'The slug is taken.', [
        { field: 'slug', message: 'Another series has this slug.' },
      ]);
    }
    response.status(201).json(seriesJson(result.series));
  });

  return router;
}

function seriesJson(series: Series) {
  const { id, slug, title, titleLanguage, titleNative, nativeLanguage, synonyms, synopsis, kind } = series;
  const { seasonYear, season, visible, links, version, createdAt, updatedAt } = series;
  return {
    id,
    slug,
    title,
    titleLanguage,
    titleNative,
    nativeLanguage,
    synonyms,
    synopsis,
    kind,
    seasonYear,
    season,
    visible,
    links,
    version,
    createdAt,
    updatedAt,
  };
}
