/** A path of the back office, or its front page: never another site. */
export function safePath(path: string): string {
  return /^\/admin\/[A-Za-z0-9/?=&_.%+-]*$/.test(path) && !path.startsWith('/admin/login') ? path : '/admin';
}
