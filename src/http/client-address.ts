import { compile } from 'proxy-addr';
import type { Config } from '../config';
import { canonicalAddress } from '../platform/address';

/** Whether the proxy at `address` is believed; `hop` counts from the other end of the connection, beginning with 0. */
export type TrustedProxy = (address: string, hop: number) => boolean;

/** The same decision for Express (`trust proxy`) and for the stream, which does without Express. */
export function trustedProxy(trustProxy: Config['trustProxy']): TrustedProxy {
  if (trustProxy === false) return () => false;
  return typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : compile([...trustProxy]);
}

/**
 * Gives the nearest address that isn't one of a trusted proxy, in its one spelling.
 * `forwardedFor` is the header X-Forwarded-For: its last address is the nearest one. What is no address names nobody:
 * then the proxy that passed it on is all that is known. Else a client could be somebody new with each request.
 */
export function createClientAddress(
  trustProxy: Config['trustProxy'],
): (remoteAddress: string, forwardedFor: string | undefined) => string {
  const isTrusted = trustedProxy(trustProxy);
  return (remoteAddress, forwardedFor) => {
    let client = canonicalAddress(remoteAddress) ?? remoteAddress;
    const forwarded = forwardedFor?.split(',') ?? [];
    for (let hop = 0; isTrusted(client, hop); hop += 1) {
      const next = canonicalAddress(forwarded.pop() ?? '');
      if (next === undefined) break;
      client = next;
    }
    return client;
  };
}
