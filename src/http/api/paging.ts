/** One page of a list: read one more than asked for, to know whether there is a next page. */
export function toPage<T extends { readonly id: string }, Out>(
  rows: readonly T[],
  limit: number,
  toJson: (row: T) => Out,
): { readonly data: Out[]; readonly next: string | null } {
  const data = rows.slice(0, limit);
  return { data: data.map(toJson), next: rows.length > limit ? (data.at(-1)?.id ?? null) : null };
}
