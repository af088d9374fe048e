import type { Request } from 'express';
import { ClientError } from '../../web/error-handler';
import { databaseId } from '../../web/input';

/** The episode that the address names. @throws {ClientError} 404 for what can be no id */
export function episodeIdOf(request: Request): string {
  const parsed = databaseId.safeParse(request.params.id);
  if (!parsed.success) throw unknownEpisode();
  return parsed.data;
}

/** The series that the address names. @throws {ClientError} 404 for what can be no id */
export function seriesIdOf(request: Request): string {
  const parsed = databaseId.safeParse(request.params.seriesId);
  if (!parsed.success) throw unknownSeries();
  return parsed.data;
}

export function unknownEpisode(): ClientError {
  return new ClientError(404, 'There is no such episode. It may have been deleted meanwhile.');
}

export function unknownSeries(): ClientError {
  return new ClientError(404, 'There is no such series.');
}
