import { LRUCache } from 'lru-cache';
import { Signature } from '../platform/signature';
import { isOf } from './list';
import { parseWireName, wireName } from './wire-topic';

/** What can be listened to: one topic, or with a `*` at its end a family of them. */
export type TopicRule = {
  readonly topic: string;
  /** Of a list: what it is rendered in. */
  readonly languages?: readonly string[];
  /** Only for whoever has a page that holds a signed list with it. */
  readonly isPrivate?: boolean;
};

/** The topics of one client, and what they hang on. */
export type ChosenTopics = {
  /** In the order of their names, each once. */
  readonly names: readonly string[];
  /** The sessions whose end is the end of this stream; empty where all topics are public. */
  readonly sessions: readonly string[];
};

/** The most that one stream carries. */
const MAX_TOPICS = 16;
const MAX_TOPIC_BYTES = 64;
const TOPIC = /^[a-z][a-z0-9-]*(?::[A-Za-z0-9_-]+)?$/;
/** What a client gets that names no topic. */
const DEFAULT_TOPIC = 'latest';
const MAX_CHOSEN = 500;
/** A page may stay open for longer than a session lasts: whether that goes on is asked when a stream begins, and while it runs. */
const TICKET_MS = 8 * 24 * 3_600_000;

/** Decides who may listen to what. */
export class Topics {
  readonly #rules: readonly TopicRule[];
  readonly #signature: Signature;
  /** Of public topics alone, by what was asked for: most clients ask for the same as others. */
  readonly #chosen = new LRUCache<string, ChosenTopics>({ max: MAX_CHOSEN });

  /** @param secret what all nodes share */
  constructor(rules: readonly TopicRule[], secret: string) {
    this.#rules = rules;
    this.#signature = new Signature(secret, 'live topics');
  }

  /**
   * A signed list of topics for a page of somebody who may listen to them.
   * @param session names the session without opening it: with its end the ticket is worth nothing
   */
  ticket(topics: readonly string[], session: string): string {
    const content = Buffer.from(JSON.stringify([topics, session, Date.now() + TICKET_MS])).toString(
      'base64url',
    );
    return `${content}.${this.#signature.of(content)}`;
  }

  /** What a client gets of what it asks for: public topics by name, others by ticket. The rest is left out; `hello` tells. */
  choose(wanted: string | undefined, tickets: readonly string[]): ChosenTopics {
    if (tickets.length > 0) return this.#choose(wanted, tickets);
    const asked = wanted ?? DEFAULT_TOPIC;
    const known = this.#chosen.get(asked);
    if (known) return known;
    const chosen = this.#choose(asked, tickets);
    this.#chosen.set(asked, chosen);
    return chosen;
  }

  #choose(wanted: string | undefined, tickets: readonly string[]): ChosenTopics {
    const names = new Set<string>();
    const sessions = new Set<string>();
    for (const topic of wanted?.split(',') ?? []) if (this.#isPublic(topic)) names.add(topic);
    for (const ticket of tickets) {
      const opened = this.#open(ticket);
      for (const topic of opened?.topics ?? []) names.add(topic);
      if (opened) sessions.add(opened.session);
    }
    if (wanted === undefined && names.size === 0) names.add(DEFAULT_TOPIC);
    return { names: [...names].slice(0, MAX_TOPICS).sort(), sessions: [...sessions] };
  }

  #isPublic(name: string): boolean {
    const { topic, language } = parseWireName(name);
    // A list has one name in each language.
    if (name.length > MAX_TOPIC_BYTES || !TOPIC.test(topic) || name !== wireName(topic, language))
      return false;
    return this.#rules.some(
      (rule) =>
        !rule.isPrivate && isOf(rule.topic, topic) && (name === topic || rule.languages?.includes(language)),
    );
  }

  #open(ticket: string): { readonly topics: readonly string[]; readonly session: string } | undefined {
    const [content = '', signature = '', ...rest] = ticket.split('.');
    if (rest.length > 0 || !this.#signature.isOf(signature, content)) return undefined;
    // Signed by a node of this site, which writes nothing else.
    const [topics, session, expiresAtMs]: [string[], string, number] = JSON.parse(
      Buffer.from(content, 'base64url').toString(),
    );
    return Date.now() < expiresAtMs ? { topics, session } : undefined;
  }
}
