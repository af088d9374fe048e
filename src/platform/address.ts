import { isIPv4, isIPv6 } from 'node:net';

/** IPv4 alone, or with the port of a connection. */
const IPV4_WITH_PORT = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?::\d{1,5})?$/;
/** RFC 3986: IPv6 in brackets, alone or with a port. */
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;
/** Longer is no address, however it is written. */
const MAX_LENGTH = 80;

/**
 * Returns the one spelling of an IP address, or undefined when the text is none. Proxies write addresses with ports, brackets, quotes and
 * zones (RFC 7239, section 6): whatever counts by address would else count each spelling for itself. An IPv4 address that
 * is mapped into IPv6 is that IPv4 address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const trimmed = text.trim();
  const bare = /^"(.*)"$/.exec(trimmed)?.[1] ?? trimmed;
  const ipv4 = IPV4_WITH_PORT.exec(bare)?.[1];
  if (ipv4 !== undefined) return isIPv4(ipv4) ? ipv4 : undefined;
  const [ipv6 = ''] = (BRACKETED.exec(bare)?.[1] ?? bare).split('%');
  return isIPv6(ipv6) ? spelled(groupsOf(ipv6)) : undefined;
}

/**
 * Returns what an address counts as where clients are counted. An IPv6 customer has a whole /64, so that is one client. All
 * text that is no address counts as one client together: else it would be a way to be somebody new each time.
 */
export function addressKey(address: string): string {
  const canonical = canonicalAddress(address);
  if (canonical === undefined) return 'unknown';
  return isIPv4(canonical) ? canonical : groupsOf(canonical).slice(0, 4).map(hex).join(':');
}

/** The eight numbers of an IPv6 address that `isIPv6()` has found well-formed. */
function groupsOf(address: string): readonly number[] {
  // The last two may be written as IPv4.
  const [, front, ...bytes] = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address) ?? [];
  const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
  const whole = front === undefined ? address : `${front}${hex(a * 256 + b)}:${hex(c * 256 + d)}`;
  const [head = '', tail] = whole.split('::');
  const left = numbers(head);
  const right = numbers(tail ?? '');
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function numbers(groups: string): number[] {
  return groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16));
}

/** All eight groups, none of them shortened away: for comparing, not for reading. */
function spelled(groups: readonly number[]): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, marker = 0, high = 0, low = 0] = groups;
  const isMapped = a + b + c + d + e === 0 && marker === 0xffff;
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : groups.map(hex).join(':');
}

function hex(group: number): string {
  return group.toString(16);
}
