/** Ends a `switch` over a union: a variant that was forgotten does not compile. */
export function neverReached(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
