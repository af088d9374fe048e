import { compile } from 'proxy-addr';
import type { Config } from '../config';

/** Whether the proxy at `address` is believed; `hop` counts from the other end of the connection, beginning with 0. */
export type TrustedProxy = (address: string, hop: number) => boolean;

/** The same decision for Express (`trust proxy`) and for the stream, which does without Express. */
export function trustedProxy(trustProxy: Config['trustProxy']): TrustedProxy {
  if (trustProxy === false) return () => false;
  return typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : compile([...trustProxy]);
}

/**
 * Gives the nearest address that isn't one of a trusted proxy.
 * `forwardedFor` is the header X-Forwarded-For: its last address is the nearest one.
 */
export function createClientAddress(
  trustProxy: Config['trustProxy'],
): (remoteAddress: string, forwardedFor: string | undefined) => string {
  const isTrusted = trustedProxy(trustProxy);
  return (remoteAddress, forwardedFor) => {
    const forwarded = forwardedFor?.split(',').map((each) => each.trim()) ?? [];
    const addresses = [remoteAddress, ...forwarded.reverse()];
    return addresses.find((address, hop) => !isTrusted(address, hop)) ?? addresses.at(-1) ?? remoteAddress;
  };
}
