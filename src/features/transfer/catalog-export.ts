import { type Database, inSnapshot, type Transaction } from '../../platform/database';
import { episodeRecord, type RecordKind, seriesRecord } from './catalog-fields';
import { csvWriter, jsonWriter } from './catalog-file';
import { allEpisodes, allSeries, countMostServers } from './catalog-rows';

/** What an export writes: all in one document, or a table of one kind. */
export type ExportPart = { readonly format: 'json' } | { readonly format: 'csv'; readonly kind: RecordKind };

/** A piece that is worth a write. */
const PIECE_LENGTH = 65_536;

/** Whoever reads slower than this between two pieces holds a connection for too long. */
const PATIENCE_MS = 60_000;

/**
 * Writes the catalog as it is at one moment: drafts, hidden and scheduled ones, too, and nothing that is in the trash. Never has more
 * than some hundred rows in memory.
 * @param write takes the pieces one after the other; each is waited for, at most a minute
 */
export async function exportCatalog(
  db: Database,
  part: ExportPart,
  write: (piece: string) => Promise<void>,
): Promise<void> {
  await inExport(db, (trx) => writePart(trx, part, write));
}

/** Several parts of the same moment. */
export async function inExport<T>(db: Database, work: (trx: Transaction) => Promise<T>): Promise<T> {
  return inSnapshot(db, async (trx) => {
    await trx.raw(`set local idle_in_transaction_session_timeout = ${PATIENCE_MS}`);
    return work(trx);
  });
}

export async function writePart(
  trx: Transaction,
  part: ExportPart,
  write: (piece: string) => Promise<void>,
): Promise<void> {
  let piece = '';
  const add = async (text: string): Promise<void> => {
    piece += text;
    if (piece.length < PIECE_LENGTH) return;
    const full = piece;
    piece = '';
    await write(full);
  };
  const wants = (kind: RecordKind): boolean => part.format === 'json' || part.kind === kind;
  const writer =
    part.format === 'json'
      ? jsonWriter()
      : csvWriter(part.kind, part.kind === 'episodes' ? await countMostServers(trx) : 0);
  await add(writer.start());
  if (wants('series'))
    for await (const series of allSeries(trx)) await add(writer.record('series', seriesRecord(series)));
  if (wants('episodes'))
    for await (const episode of allEpisodes(trx))
      await add(writer.record('episodes', episodeRecord(episode.seriesSlug, episode)));
  await write(piece + writer.end());
}
