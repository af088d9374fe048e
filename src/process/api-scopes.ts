import type { RouteScopes } from '../features/accounts/scopes';

/**
 * What a token has to be allowed for each request of the API. What is not in here is not to be had by anybody: a route that is new
 * answers 404 until it is.
 */
export const API_SCOPES: RouteScopes = {
  'get /series': 'read',
  'post /series': 'series:write',
  'get /series/:key': 'read',
  'put /series/:key': 'series:write',
  'patch /series/:key': 'series:write',
  'put /series/:key/poster': 'series:write',
  'delete /series/:key/poster': 'series:write',
  'get /series/:key/episodes/:number': 'read',
  'put /series/:key/episodes/:number': 'episodes:write',
  'get /series/:key/specials/:number': 'read',
  'put /series/:key/specials/:number': 'episodes:write',
  'get /episodes': 'read',
  'post /episodes': 'episodes:write',
  'post /episodes/bulk': 'episodes:write',
  'get /episodes/:key': 'read',
  'put /episodes/:key': 'episodes:write',
  'patch /episodes/:key': 'episodes:write',
  'delete /episodes/:key': 'episodes:write',
  'post /episodes/:key/restore': 'episodes:write',
  'put /episodes/:key/still': 'episodes:write',
  'delete /episodes/:key/still': 'episodes:write',
};
