import { randomInt } from 'node:crypto';

/** Without letters and digits that are taken for one another. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Returns a password of 20 characters in groups of five: about 99 bits. */
export function randomPassword(): string {
  return randomGroups(4, 5);
}

/** Returns groups of random letters and digits with a hyphen between them; about 4.9 bits a character. */
export function randomGroups(groups: number, length: number): string {
  const group = () => Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: groups }, group).join('-');
}
