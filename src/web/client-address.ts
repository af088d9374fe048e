import { compile } from 'proxy-addr';
import { canonicalAddress } from '../platform/address';

/**
 * Who is believed about the address of a client: this many proxies, the proxies in these networks, or nobody.
 * In the form of Express's `trust proxy`.
 */
export type TrustProxy = false | number | readonly string[];

/** Says whether the proxy at `address` is believed. `hop` is 0 at the other end of the connection and counts up from there. */
export type TrustedProxy = (address: string, hop: number) => boolean;

/** Makes the one decision that Express (`trust proxy`) and the stream, which does without Express, share. */
export function trustedProxy(trustProxy: TrustProxy): TrustedProxy {
  if (trustProxy === false) return () => false;
  return typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : compile([...trustProxy]);
}

/**
 * Returns a function that finds the address of a client: the nearest one that is not a trusted proxy's, in its one spelling.
 * `forwardedFor` is the header X-Forwarded-For, whose last address is the nearest. Text that is no address names nobody, and
 * then the proxy that passed it on counts as the client; else a client could be somebody new with each request.
 */
export function createClientAddress(
  trustProxy: TrustProxy,
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
