import { createHash } from 'node:crypto';
import type { VideoServer } from '../episodes/fields';

/** A video server that was chosen for a series: its name, and what is heard and read there. BCP 47. */
export type Choice = Pick<VideoServer, 'name' | 'audioLanguage' | 'subtitleLanguage'>;

/** One a language, so that whoever goes back to another language finds the server that was chosen for that one. */
const MAX_CHOICES = 4;

/** The value of the cookie that keeps them, the newest first. */
export function formatChoices(choices: readonly Choice[]): string {
  const rows = choices.map((choice) => [choice.name, choice.audioLanguage, choice.subtitleLanguage]);
  return encodeURIComponent(JSON.stringify(rows));
}

/** What a cookie keeps; nothing of one that is damaged. */
export function parseChoices(cookie: string | undefined): readonly Choice[] {
  if (cookie === undefined) return [];
  let rows: unknown;
  try {
    rows = JSON.parse(decodeURIComponent(cookie));
  } catch {
    return [];
  }
  return Array.isArray(rows) ? rows.slice(0, MAX_CHOICES).flatMap(parseChoice) : [];
}

function parseChoice(row: unknown): readonly Choice[] {
  if (!Array.isArray(row)) return [];
  const [name, audioLanguage, subtitleLanguage]: readonly unknown[] = row;
  if (typeof name !== 'string' || !isLanguage(audioLanguage) || !isLanguage(subtitleLanguage)) return [];
  return [{ name, audioLanguage, subtitleLanguage }];
}

function isLanguage(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

/** The choices after one more: it is the newest, and the one of its language. */
export function withChoice(choices: readonly Choice[], chosen: Choice): readonly Choice[] {
  return [chosen, ...choices.filter((choice) => !isSameLanguage(choice, chosen))].slice(0, MAX_CHOICES);
}

function isSameLanguage(a: Choice, b: Choice): boolean {
  return a.audioLanguage === b.audioLanguage && a.subtitleLanguage === b.subtitleLanguage;
}

/**
 * The server that is played when none is asked for: of the language that was chosen last, as far as the episode has it, the one
 * that was chosen for it. Never one that has failed; undefined when all have.
 */
export function chooseServer<Server extends Choice>(
  servers: readonly (Server & { readonly hasFailed: boolean })[],
  choices: readonly Choice[],
): (Server & { readonly hasFailed: boolean }) | undefined {
  const working = servers.filter(({ hasFailed }) => !hasFailed);
  for (const choice of choices) {
    const inLanguage = working.filter((server) => isSameLanguage(server, choice));
    if (inLanguage.length > 0) return inLanguage.find(({ name }) => name === choice.name) ?? inLanguage[0];
  }
  return working[0];
}

/** The server to be tried after this one: the next in the list that has not failed, undefined when there is none. */
export function nextServer<Server extends { readonly id: string; readonly hasFailed: boolean }>(
  servers: readonly Server[],
  after: Server,
): Server | undefined {
  const index = servers.findIndex(({ id }) => id === after.id);
  const others = [...servers.slice(index + 1), ...servers.slice(0, Math.max(0, index))];
  return others.find(({ hasFailed }) => !hasFailed);
}

/** What a failure is remembered by: a server that gets another address is another one. */
export function failureKey({ id, url }: Pick<VideoServer, 'id' | 'url'>): string {
  return `${id}-${createHash('sha256').update(url).digest('base64url').slice(0, 6)}`;
}
