/** The language of the lists whose names say none. */
const BARE = 'en';

/** What clients listen to, as they name it: `series:44` in English, `series:44.ja` the same list in Japanese. */
export type WireTopic = {
  readonly name: string;
  /** As the log, the rings and the heads know it: `series:44`. */
  readonly topic: string;
  /** Its items are rendered in. */
  readonly language: string;
};

export function wireName(topic: string, language: string): string {
  return language === BARE ? topic : `${topic}.${language}`;
}

/** Whether there is such a topic, and such a language, is for others to say. */
export function parseWireName(name: string): WireTopic {
  const dot = name.indexOf('.');
  return dot === -1
    ? { name, topic: name, language: BARE }
    : { name, topic: name.slice(0, dot), language: name.slice(dot + 1) };
}
