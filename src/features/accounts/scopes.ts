/** What a token of the API may do. */
export const SCOPES = ['read', 'episodes:write', 'series:write'] as const;
export type Scope = (typeof SCOPES)[number];

export const SCOPE_LABELS: Readonly<Record<Scope, string>> = {
  read: 'Read series and episodes, drafts too',
  'episodes:write': 'Post, edit and delete episodes',
  'series:write': 'Create and edit series',
};

export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}

/** What the token of a request has to be allowed, by `get /episodes/:id`: a method, and an address as its router has it. */
export type RouteScopes = Readonly<Record<string, Scope>>;
