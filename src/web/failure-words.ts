import { type Message, saidIn, type Words } from './words';

/** What a page of an error says to a person. */
export type FailureWords = { readonly title: string; readonly detail: string };

/** Those that have words of their own. */
const STATUSES = [400, 403, 404, 412, 413, 429, 500, 503] as const;

/**
 * The words for a person whose request was answered by this status.
 * @param options.title English, for a status without words of its own
 * @param options.given what is known of this very request; it says more than the words for all
 * @param options.wasSent it was to change something, and so may not be made again by itself
 */
export function failureWords(
  words: Words,
  {
    status,
    title,
    given,
    wasSent,
  }: {
    readonly status: number;
    readonly title: string;
    readonly given: string | Message | undefined;
    readonly wasSent: boolean;
  },
): FailureWords {
  const known = STATUSES.find((each) => each === status);
  const name = known ?? 'other';
  const general = `failure.${name}.detail` as const;
  const detail = given === undefined ? words.t(general) : saidIn(words, given, general);
  return {
    title: known ? words.t(`failure.${known}.title`) : saidIn(words, title, 'failure.other.title'),
    detail: wasSent && status >= 500 ? `${detail} ${words.t('failure.sent')}` : detail,
  };
}
