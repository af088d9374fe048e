import type { Request, RequestHandler } from 'express';
import { ClientError } from './error-handler';

/** What full addresses of the site begin with: `https://anime.example`. */
type SiteOrigin = {
  readonly origin: string;
  /** The same for every request. Else whoever asks decides it, and what holds it must not be shown to others. */
  readonly isFixed: boolean;
};

/** @throws ClientError 400 for a Host that is none */
export type FindOrigin = (request: Request) => SiteOrigin;

/** @param siteUrl the setting, as an origin */
export function createFindOrigin(siteUrl: string | undefined): FindOrigin {
  if (siteUrl !== undefined) return () => ({ origin: siteUrl, isFixed: true });
  return (request) => {
    const origin = originOf(request);
    if (origin === undefined) throw new ClientError(400, 'The Host of the request is no host.');
    return { origin, isFixed: false };
  };
}

/**
 * Lets the head of pages name full addresses. With the setting all views know the origin; without it those that are rendered for
 * one request do.
 */
export function tellOrigin(siteUrl: string | undefined): RequestHandler {
  return (request, response, next) => {
    if (siteUrl === undefined) response.locals.siteOrigin = originOf(request);
    next();
  };
}

function originOf(request: Request): string | undefined {
  // Not Express's `host`, which believes X-Forwarded-Host: proxies are asked to hand the Host on.
  const url = `${request.protocol}://${request.headers.host ?? ''}`;
  return URL.canParse(url) ? new URL(url).origin : undefined;
}
