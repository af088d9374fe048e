import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from, to } from 'pg-copy-streams';
import type { Transaction } from './database';
import type { GuardedClient } from './postgres-client';

/**
 * What a `copy … to stdout` gives, in pieces that end anywhere. One that is not read to its end is read on here, since the connection
 * is good for nothing else before.
 */
export async function* copyOut(trx: Transaction, sql: string): AsyncGenerator<Buffer> {
  const rows = (await connectionOf(trx)).query(to(sql));
  try {
    yield* rows.iterator({ destroyOnReturn: false });
  } finally {
    if (!rows.readableEnded && !rows.errored) rows.resume();
  }
}

/** Hands the pieces to a `copy … from stdin`. Where they end with an error, so does the transaction. */
export async function copyIn(trx: Transaction, sql: string, pieces: AsyncIterable<Buffer>): Promise<void> {
  await pipeline(Readable.from(pieces), (await connectionOf(trx)).query(from(sql)));
}

/** Knex gives the transaction's own. */
async function connectionOf(trx: Transaction): Promise<GuardedClient> {
  return trx.client.acquireConnection();
}
