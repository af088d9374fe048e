import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Signature } from '../../platform/signature';
import { cookieOf, cookiesOf } from '../../web/cookies';

const PREFIX = 'nipnime.device-';
const LIFETIME_MS = 365 * 24 * 3_600_000;

/** Of whom a cookie speaks: another password makes another holder. */
export type DeviceHolder = { readonly id: string; readonly passwordHash: string };

/**
 * Knows the browsers in which an account was logged in to, by a signed cookie. It opens nothing: it only lets its browser try
 * while strangers use up the tries of the account. A cookie an account, so that two who share a browser don't take it from one another.
 * https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
 */
export class DeviceCookies {
  readonly #signature: Signature;

  constructor(secret: string) {
    this.#signature = new Signature(secret, 'device cookie');
  }

  /** True for a browser in which somebody has logged in once, whoever it was: asks nobody, not even the database. */
  isKnown(request: IncomingMessage): boolean {
    return cookiesOf(request, PREFIX).some(
      ([name, value]) => this.#read(name.slice(PREFIX.length), value) !== undefined,
    );
  }

  /** The name of the device, under which its own tries are counted; undefined for one that the account doesn't know. */
  deviceOf(request: IncomingMessage, { id, passwordHash }: DeviceHolder): string | undefined {
    const cookie = cookieOf(request, PREFIX + id);
    const read = cookie === undefined ? undefined : this.#read(id, cookie);
    return read && this.#signature.isOf(read.holder, id, read.device, passwordHash) ? read.device : undefined;
  }

  /** The cookie that makes a browser known. Each log-in gives it a new name: tries are counted from there. */
  newCookie({ id, passwordHash }: DeviceHolder): {
    readonly name: string;
    readonly value: string;
    readonly maxAgeMs: number;
  } {
    const device = randomBytes(12).toString('base64url');
    const issuedAt = String(Date.now());
    const holder = this.#signature.of(id, device, passwordHash);
    const signature = this.#signature.of(id, device, issuedAt, holder);
    return {
      name: PREFIX + id,
      value: [device, issuedAt, holder, signature].join('.'),
      maxAgeMs: LIFETIME_MS,
    };
  }

  #read(id: string, cookie: string): { readonly device: string; readonly holder: string } | undefined {
    const [device = '', issuedAt = '', holder = '', signature = '', ...rest] = cookie.split('.');
    if (rest.length > 0 || !this.#signature.isOf(signature, id, device, issuedAt, holder)) return undefined;
    return Date.now() - Number(issuedAt) < LIFETIME_MS ? { device, holder } : undefined;
  }
}
