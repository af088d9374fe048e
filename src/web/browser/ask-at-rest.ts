const REST_MS = 200;
const ANSWER_MS = 5_000;

/**
 * Returns a function that asks the server a little after the last of many calls; what an earlier one still waits for is given up.
 * @param address at that time, of JSON
 */
export function askAtRest(address: () => string, answer: (said: unknown) => void): () => void {
  let rest: number | undefined;
  let asked = new AbortController();
  return () => {
    window.clearTimeout(rest);
    asked.abort();
    const own = new AbortController();
    asked = own;
    rest = window.setTimeout(() => {
      const deadline = window.setTimeout(() => own.abort(), ANSWER_MS);
      ask(address(), own.signal)
        .then((said) => {
          if (!own.signal.aborted && said !== undefined) answer(said);
        })
        .catch(() => {
          // Nothing is said then; saving says what is wrong.
        })
        .finally(() => window.clearTimeout(deadline));
    }, REST_MS);
  };
}

async function ask(address: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(address, { signal });
  return response.ok ? response.json() : undefined;
}
