import { type RawRecord, RECORD_KINDS, type RecordKind } from './catalog-fields';

const FORMAT = 'nipnime-catalog';
const FORMAT_VERSION = 1;

/** The beginning of a file, up to its first record. A record is a line, so that a person finds it and a program can read it alone. */
export const JSON_START = `{"format":"${FORMAT}","version":${FORMAT_VERSION}`;
export const JSON_END = '}\n';

/** Nothing in a record is nested deeper than `videoServers` of an episode, or `regions` of a link. */
const MAX_DEPTH = 10;
const MAX_RECORD_LENGTH = 1_000_000;

/** A record of a document, as it stands there. */
type JsonItem = { readonly kind: RecordKind; readonly line: number; readonly text: string };

/** What is wrong with a document as a whole. */
export class BrokenJson extends Error {
  override readonly name = 'BrokenJson';
}

const SPACE = /[ \t\r\n]/;

/**
 * Finds the records of a document, which may be larger than memory and laid out in any way: each element of the lists `series` and
 * `episodes`. Looks at brackets and quotes alone; whether a record is JSON is for whoever reads it.
 * @throws {BrokenJson} for a document that is another one, or ends too early
 */
export class JsonScanner {
  #line = 1;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** The member of the document that is being read, and what was read of it. */
  #name: string | undefined;
  #text = '';
  #textLine = 1;
  #isOver = false;
  readonly #seen = new Set<string>();

  *push(chunk: string): Generator<JsonItem> {
    for (const character of chunk) {
      if (character === '\n') this.#line++;
      const item = this.#take(character);
      if (item) yield item;
    }
  }

  /** @throws {BrokenJson} when the document is not over */
  end(): void {
    if (!this.#isOver) throw this.#broken('it ends in the middle');
    if (!this.#seen.has('format')) throw this.#foreign();
  }

  #take(character: string): JsonItem | undefined {
    if (this.#isInString) {
      this.#add(character);
      if (this.#isEscaped) this.#isEscaped = false;
      else if (character === '\\') this.#isEscaped = true;
      else if (character === '"') this.#isInString = false;
      return undefined;
    }
    const isSpace = SPACE.test(character);
    if (this.#depth === 0) {
      if (isSpace) return undefined;
      if (character !== '{' || this.#isOver) throw this.#broken('it must be one object');
      this.#depth = 1;
      return undefined;
    }
    if (isSpace && this.#text === '') return undefined;
    switch (character) {
      case '"':
        this.#isInString = true;
        break;
      case '{':
      case '[':
        this.#depth++;
        if (this.#depth > 2) break;
        this.#beginList(character);
        return undefined;
      case '}':
      case ']':
        if (this.#depth <= 2) return this.#close(character);
        this.#depth--;
        break;
      case ',': {
        if (this.#depth > 2) break;
        const item = this.#finish();
        if (this.#depth === 1) this.#name = undefined;
        return item;
      }
      case ':':
        if (this.#depth > 1) break;
        this.#begin();
        return undefined;
      default:
    }
    this.#add(character);
    return undefined;
  }

  #add(character: string): void {
    if (this.#text === '') this.#textLine = this.#line;
    this.#text += character;
    if (this.#text.length > MAX_RECORD_LENGTH)
      throw new BrokenJson(
        `Line ${this.#textLine}: A record must have at most ${MAX_RECORD_LENGTH} characters.`,
      );
  }

  /** Behind the name of a member. */
  #begin(): void {
    const name = parsed(this.#text);
    if (typeof name !== 'string') throw this.#broken('the name of a member is missing');
    if (this.#seen.has(name)) throw this.#broken(`${JSON.stringify(name)} stands in it twice`);
    this.#seen.add(name);
    this.#name = name;
    this.#text = '';
  }

  /** Nothing but the two lists of records has parts. */
  #beginList(character: string): void {
    if (!RECORD_KINDS.some((kind) => kind === this.#name)) this.#checkMember(undefined);
    if (character === '{') throw this.#broken(`${JSON.stringify(this.#name)} must be a list`);
  }

  /** At the end of a list, or of the document. */
  #close(character: string): JsonItem | undefined {
    if (character !== (this.#depth === 2 ? ']' : '}')) throw this.#broken('its brackets don’t match');
    const item = this.#finish();
    this.#depth--;
    this.#name = undefined;
    if (this.#depth === 0) this.#isOver = true;
    return item;
  }

  /** Behind a value: a record, or a member that is none. */
  #finish(): JsonItem | undefined {
    const [text, line] = [this.#text.trimEnd(), this.#textLine];
    this.#text = '';
    if (text === '') return undefined;
    const kind = RECORD_KINDS.find((each) => each === this.#name);
    if (this.#depth === 2 && kind) {
      if (!this.#seen.has('format')) throw this.#foreign();
      return { kind, line, text };
    }
    this.#checkMember(parsed(text));
    return undefined;
  }

  #checkMember(value: unknown): void {
    const name = this.#name ?? '';
    if (name === 'format' && value !== FORMAT) throw this.#foreign();
    if (name === 'version' && value !== FORMAT_VERSION)
      throw new BrokenJson(
        `It is of version ${JSON.stringify(value)}; this site reads version ${FORMAT_VERSION}.`,
      );
    if (name !== 'format' && !this.#seen.has('format')) throw this.#foreign();
    if (name !== 'format' && name !== 'version')
      throw this.#broken(`there is no member ${JSON.stringify(name.slice(0, 40))}`);
  }

  #foreign(): BrokenJson {
    return new BrokenJson(
      `It is no catalog: the document must begin with "format": "${FORMAT}", "version": ${FORMAT_VERSION}.`,
    );
  }

  #broken(why: string): BrokenJson {
    return new BrokenJson(`Line ${this.#line}: It can’t be read as JSON: ${why}.`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads one record, or says what is wrong with it. */
export function parseJsonRecord(text: string): { readonly record: RawRecord } | { readonly problem: string } {
  const { deepest, colons } = shapeOf(text);
  if (deepest > MAX_DEPTH) return { problem: `Must not be nested deeper than ${MAX_DEPTH} levels.` };
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    return { problem: `Must be JSON: ${error instanceof Error ? error.message : String(error)}.` };
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    return { problem: 'Must be an object.' };
  // Of two members of the same name JSON.parse takes the last.
  if (namesIn(record) !== colons) return { problem: 'Has a name twice.' };
  // What was just seen to be an object.
  return { record: record as RawRecord };
}

function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, part) => sum + namesIn(part), own);
}

/** Looks at what stands outside of strings: how deep it is nested, and how many colons there are, one for each name. */
function shapeOf(text: string): { readonly deepest: number; readonly colons: number } {
  let [depth, deepest, colons, isInString] = [0, 0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === '\\') at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === ':') colons++;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return { deepest, colons };
}
