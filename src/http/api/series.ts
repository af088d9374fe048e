import { Router } from 'express';
import { parseInput } from '../../catalog/input';
import { type Series, seriesSchema } from '../../catalog/series';
import { createSeries, listSeries } from '../../catalog/series-repository';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';
import { bearerOf } from './bearer';
import { parsePaging, toPage } from './paging';

export function seriesRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  router.get('/series', async (request, response) => {
    const { search } = request.query;
    const { limit, ...paging } = parsePaging(request.query);
    const rows = await listSeries(catalog.db, {
      ...paging,
      limit: limit + 1,
      ...(typeof search === 'string' && search !== '' && { search }),
    });
    response.json(toPage(rows, limit, seriesJson));
  });

  router.post('/series', async (request, response) => {
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
