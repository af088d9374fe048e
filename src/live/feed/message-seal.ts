import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Proves that a message comes from a node of this site: whoever can get to Redis could write anything there. */
export type MessageSeal = {
  readonly seal: (text: string) => string;
  /** The text; undefined when the seal is not of this site's secret. */
  readonly open: (message: string) => string | undefined;
};

/** 22 characters of base64url are 132 bits. */
const MAC_LENGTH = 22;

/** @param secret what all nodes share: the secret of their sessions, of which this key tells nothing */
export function createMessageSeal(secret: string): MessageSeal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'nipnime messages between nodes', 32));
  const macOf = (text: string): string =>
    createHmac('sha256', key).update(text).digest('base64url').slice(0, MAC_LENGTH);
  return {
    seal: (text) => macOf(text) + text,
    open: (message) => {
      const text = message.slice(MAC_LENGTH);
      const given = Buffer.from(message.slice(0, MAC_LENGTH));
      const right = Buffer.from(macOf(text));
      return given.length === right.length && timingSafeEqual(given, right) ? text : undefined;
    },
  };
}
