/** What somebody may do in the back office. An editor posts; an admin also looks after people, tokens and the journal. */
export const ROLES = ['admin', 'editor'] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_LABELS: Readonly<Record<Role, string>> = { admin: 'Admin', editor: 'Editor' };

export function isRole(text: string): text is Role {
  return ROLES.some((role) => role === text);
}

/** Who may use what in the back office, by `get /series/:id/edit`: a method, and an address as its router has it. */
export type RouteRoles = Readonly<Record<string, readonly Role[]>>;
