/** Where a list goes on that was read with one more than asked for; null at its end. */
export function nextOf(rows: readonly { readonly id: string }[], limit: number): string | null {
  return rows.length > limit ? (rows[limit - 1]?.id ?? null) : null;
}
