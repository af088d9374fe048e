import type { Database, Transaction } from '../../platform/database';
import type { FieldError } from '../../web/input';
import type { ImageKind } from './fields';
import { findKept } from './repository';

/** What is wrong with naming a picture. One that was named `before` may be named on, kept or not: what is read can be sent back. */
export type PictureCheck = (name: string | null, before?: string | null) => FieldError | undefined;

/** Looks for the pictures that are named. @param names as they come; what is no text names none */
export async function readPictureCheck(
  db: Database | Transaction,
  kind: ImageKind,
  names: readonly unknown[],
): Promise<PictureCheck> {
  const given = names.filter((name) => typeof name === 'string');
  const kept = given.length === 0 ? new Set<string>() : await findKept(db, kind, given);
  return (name, before) =>
    name === null || name === before || kept.has(name)
      ? undefined
      : { field: kind, message: `No ${kind} of this name was uploaded. Send the picture itself.` };
}
