import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { fetchReason } from '../stream/fetch-reason';

export type SiteApiOptions = {
  /** Of the site: `https://anime.example`. */
  readonly url: string;
  readonly token: string;
  readonly fetch?: typeof fetch;
  /** How long a request that the site can't take is tried again; 60 s. */
  readonly patienceMs?: number;
  readonly onRetry?: (reason: string) => void;
};

export type SiteApiAnswer = {
  readonly status: number;
  /** Parsed JSON; undefined for an empty answer. */
  readonly body: unknown;
  /** It was tried before: an earlier try may have been carried out although its answer was lost. */
  readonly retried: boolean;
};

/** The site did not take a request, or not within the patience there is. */
export class SiteApiError extends Error {
  override readonly name = 'SiteApiError';
  constructor(
    message: string,
    /** Undefined when there was no answer. */
    readonly status: number | undefined,
  ) {
    super(message);
  }
}

const ATTEMPT_MS = 10_000;
const PATIENCE_MS = 60_000;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 2_000;

/** Sends requests to the JSON API; tries again while the site is away or says that it can't answer for the moment. */
export class SiteApi {
  readonly #options: SiteApiOptions;

  constructor(options: SiteApiOptions) {
    this.#options = options;
  }

  /**
   * @param path below `/api/v1`
   * @throws {SiteApiError} when there is no answer for the whole of the patience
   */
  async request(method: string, path: string, body?: unknown): Promise<SiteApiAnswer> {
    const giveUpMs = performance.now() + (this.#options.patienceMs ?? PATIENCE_MS);
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#attempt(method, path, body);
      if (!('away' in answer)) return { ...answer, retried: attempt > 0 };
      if (performance.now() >= giveUpMs) {
        throw new SiteApiError(`${method} ${path}: ${answer.away}, for ${attempt + 1} tries`, answer.status);
      }
      this.#options.onRetry?.(answer.away);
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** attempt, MAX_WAIT_MS);
      await sleep(waitMs * (0.5 + Math.random() / 2));
    }
  }

  async #attempt(
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: unknown } | { away: string; status: number | undefined }> {
    const { url, token } = this.#options;
    try {
      const response = await (this.#options.fetch ?? fetch)(new URL(`/api/v1${path}`, url), {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ATTEMPT_MS),
      });
      const { status } = response;
      const text = await response.text();
      if (status >= 502 && status <= 504) return { away: `it answered ${status}`, status };
      return { status, body: parseJson(text) };
    } catch (error) {
      return { away: fetchReason(error), status: undefined };
    }
  }
}

const problem = z.object({
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

/** What a problem document says, in one line. */
export function describeProblem({ status, body }: SiteApiAnswer): string {
  const parsed = problem.safeParse(body);
  if (!parsed.success) return `the answer was ${status}`;
  const fields = (parsed.data.errors ?? []).map(({ field, message }) => `${field}: ${message}`);
  return `${status}: ${[parsed.data.detail, ...fields].join(' ')}`;
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
