/** Why a request failed, in a few words: what fetch says itself is only that it did, the reason is in the cause. */
export function fetchReason(error: unknown): string {
  const { cause = error } = record(error);
  const { code, message } = record(cause);
  if (typeof code === 'string') return code;
  return typeof message === 'string' && message !== '' ? message : String(cause);
}

// Not instanceof Error: what the platform throws may be of another realm.
function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return {};
  const { code, message, cause }: { code?: unknown; message?: unknown; cause?: unknown } = value;
  return { code, message, ...(cause !== undefined && { cause }) };
}
