import { Audience } from './audience';
import type { StreamAudience, StreamConnection } from './stream-connection';
import type { Windows } from './windows';

const NOBODY: ReadonlySet<StreamAudience> = new Set();

/** All audiences of a process, by what they listen to. */
export class Audiences {
  readonly #windows: Pick<Windows, 'add' | 'drop'>;
  /** By the names of their topics. */
  readonly #all = new Map<string, StreamAudience>();
  /** By topic, and there by its name on the wire: one for each language. */
  readonly #listening = new Map<string, Map<string, Set<StreamAudience>>>();

  constructor(windows: Pick<Windows, 'add' | 'drop'>) {
    this.#windows = windows;
  }

  all(): Iterable<StreamAudience> {
    return this.#all.values();
  }

  /** Whether somebody listens to the topic, in whichever language. */
  has(topic: string): boolean {
    return this.#listening.has(topic);
  }

  listeningTo(topic: string): ReadonlySet<StreamAudience> {
    const [first = NOBODY, ...others] = this.#listening.get(topic)?.values() ?? [];
    // One browser may have it in two languages.
    return others.length === 0 ? first : new Set([first, ...others].flatMap((each) => [...each]));
  }

  /** What the topic is called by those who listen to it. */
  namesOf(topic: string): Iterable<string> {
    return this.#listening.get(topic)?.keys() ?? [];
  }

  *byName(): Iterable<readonly [name: string, audiences: ReadonlySet<StreamAudience>]> {
    for (const names of this.#listening.values()) yield* names;
  }

  /** @param names of topics, in order, each once */
  of(names: readonly string[]): StreamAudience {
    const known = this.#all.get(names.join());
    if (known) return known;
    const audience = new Audience<StreamConnection>(names);
    this.#all.set(names.join(), audience);
    for (const { topic, name } of audience.topics) {
      const ofTopic = this.#listening.get(topic) ?? new Map<string, Set<StreamAudience>>();
      const ofName = ofTopic.get(name) ?? new Set();
      this.#listening.set(topic, ofTopic.set(name, ofName.add(audience)));
      if (ofName.size === 1) this.#windows.add(name);
    }
    return audience;
  }

  dropIfEmpty(audience: StreamAudience): void {
    const names = audience.names.join();
    if (!audience.isEmpty || this.#all.get(names) !== audience) return;
    this.#all.delete(names);
    for (const { topic, name } of audience.topics) {
      const ofTopic = this.#listening.get(topic);
      const ofName = ofTopic?.get(name);
      ofName?.delete(audience);
      if (ofName?.size !== 0) continue;
      ofTopic?.delete(name);
      if (ofTopic?.size === 0) this.#listening.delete(topic);
      this.#windows.drop(name);
    }
  }
}
