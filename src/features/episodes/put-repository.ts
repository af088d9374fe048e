import type { Transaction } from '../../platform/database';
import type { Episode, EpisodeKind } from './fields';
import { findEpisodesAt, findEpisodesByExternalId } from './queries';
import {
  changeEpisode,
  insertEpisode,
  isAlready,
  readSeriesRows,
  type SeriesRow,
  type Wanted,
} from './repository';
import { findTaken, type Named, type Taken } from './taken';
import { type Actor, type Write, type WriteContext, writeCatalog } from './write';

/** An episode that is to be there, and by what it is found: by what another system knows it by, or else by its place. */
export type Wish<Problem> = {
  readonly externalId?: string | undefined;
  readonly place?: { readonly kind: EpisodeKind; readonly number: string } | undefined;
  /** Of the place, and of an episode that is new. */
  readonly seriesId?: string | undefined;
  /** @param current what is there; undefined where nothing is */
  readonly change: (current: Episode | undefined) => Wanted<Problem>;
};

export type PutResult<Problem> =
  | { readonly outcome: 'created' | 'changed' | 'unchanged'; readonly episode: Episode }
  | { readonly outcome: 'refused'; readonly problem: Problem; readonly current: Episode | undefined }
  | Taken
  /** The series of a new one. */
  | { readonly outcome: 'not-found' };

/** Written in one transaction. More of them would hold the others' writes up for too long. */
const WRITTEN_AT_ONCE = 50;
/** How often one begins anew that was overtaken by somebody who made one of the episodes. */
const MAX_TRIES = 3;

/**
 * Makes each of the episodes what is wanted, whether it is there or not: one that can't be written stops no other. Those that are what
 * is wanted are read and not written, nor is anything of theirs locked.
 */
export async function putEpisodes<Problem>(
  catalog: WriteContext,
  actor: Actor,
  wishes: readonly Wish<Problem>[],
): Promise<readonly PutResult<Problem>[]> {
  const results: PutResult<Problem>[] = [];
  for (let start = 0; start < wishes.length; start += WRITTEN_AT_ONCE)
    results.push(...(await putTogether(catalog, actor, wishes.slice(start, start + WRITTEN_AT_ONCE))));
  return results;
}

async function putTogether<Problem>(
  catalog: WriteContext,
  actor: Actor,
  wishes: readonly Wish<Problem>[],
): Promise<readonly PutResult<Problem>[]> {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const known = await findWished(catalog.db, wishes);
    const results = new Map(
      wishes.flatMap((wish): [Wish<Problem>, PutResult<Problem>][] => {
        const result = withoutWriting(known.get(wish), wish);
        return result ? [[wish, result]] : [];
      }),
    );
    const pending = wishes.filter((wish) => !results.has(wish));
    const written = pending.length === 0 ? [] : await write(catalog, actor, pending, known);
    if (!written) continue;
    for (const [index, wish] of pending.entries()) {
      const result = written[index];
      if (result) results.set(wish, result);
    }
    return wishes.flatMap((wish) => results.get(wish) ?? []);
  }
  throw new Error('Others made one of the episodes again and again while it was written.');
}

/** What needs no transaction: what is there already, and what is refused. */
function withoutWriting<Problem>(
  current: Episode | undefined,
  { change }: Wish<Problem>,
): PutResult<Problem> | undefined {
  const wanted = change(current);
  if ('problem' in wanted) return { outcome: 'refused', problem: wanted.problem, current };
  return current && isAlready(current, wanted) ? { outcome: 'unchanged', episode: current } : undefined;
}

/** Undefined, and nothing written, where one of them was made meanwhile. */
async function write<Problem>(
  catalog: WriteContext,
  actor: Actor,
  wishes: readonly Wish<Problem>[],
  known: ReadonlyMap<Wish<Problem>, Episode>,
): Promise<readonly PutResult<Problem>[] | undefined> {
  const found = wishes.flatMap((wish) => known.get(wish) ?? []);
  const episodeIds = found.map(({ id }) => id);
  const seriesIds = wishes.flatMap((wish) => known.get(wish)?.seriesId ?? wish.seriesId ?? []);
  return writeCatalog(catalog, actor, { seriesIds, episodeIds }, async (given) => {
    const current = await findWished(given.trx, wishes);
    if ([...current.values()].some(({ id }) => !episodeIds.includes(id))) return undefined;
    const series = await readSeriesRows(given.trx, seriesIds);
    const results: PutResult<Problem>[] = [];
    for (const wish of wishes) results.push(await putOne(given, current.get(wish), wish, series));
    return results;
  });
}

async function putOne<Problem>(
  given: Write,
  current: Episode | undefined,
  { change, seriesId }: Wish<Problem>,
  seriesRows: ReadonlyMap<string, SeriesRow>,
): Promise<PutResult<Problem>> {
  const wanted = change(current);
  if ('problem' in wanted) return { outcome: 'refused', problem: wanted.problem, current };
  if (current) {
    return refusingTaken(given, { ...wanted, seriesId: current.seriesId }, async (inner) => {
      const episode = await changeEpisode(inner, current, wanted);
      return { outcome: episode === current ? 'unchanged' : 'changed', episode };
    });
  }
  const series = seriesId === undefined ? undefined : seriesRows.get(seriesId);
  if (!series) return { outcome: 'not-found' };
  return refusingTaken(given, { ...wanted, seriesId: series.id }, async (inner) => ({
    outcome: 'created',
    episode: await insertEpisode(inner, series, wanted),
  }));
}

/** What a unique index refuses is taken back by itself, and the others of the transaction go on. */
async function refusingTaken<Result>(
  given: Write,
  named: Named,
  work: (inner: Write) => Promise<Result>,
): Promise<Result | Taken> {
  const entries: Parameters<Write['audit']>[0][] = [];
  try {
    const result = await given.trx.transaction((trx) =>
      work({ ...given, trx, audit: (entry) => entries.push(entry) }),
    );
    for (const entry of entries) given.audit(entry);
    return result;
  } catch (error) {
    const taken = await findTaken(given.trx, named, error);
    if (!taken) throw error;
    return taken;
  }
}

/** The episodes that are there, by what asks for them. */
async function findWished<W extends Wish<unknown>>(
  db: WriteContext['db'] | Transaction,
  wishes: readonly W[],
): Promise<ReadonlyMap<W, Episode>> {
  const externalIds = wishes.flatMap(({ externalId }) => externalId ?? []);
  const byExternalId = new Map(
    (await findEpisodesByExternalId(db, externalIds)).map((each) => [each.externalId ?? '', each]),
  );
  const places = wishes.flatMap(({ seriesId, place }) =>
    seriesId === undefined || place === undefined ? [] : [{ seriesId, ...place }],
  );
  const byPlace = new Map((await findEpisodesAt(db, places)).map((each) => [placeOf(each), each]));
  return new Map(
    wishes.flatMap((wish): [W, Episode][] => {
      const { externalId, seriesId, place } = wish;
      const known = externalId === undefined ? undefined : byExternalId.get(externalId);
      const there = seriesId && place ? byPlace.get(placeOf({ seriesId, ...place })) : undefined;
      const episode = known ?? there;
      return episode ? [[wish, episode]] : [];
    }),
  );
}

type Place = { readonly seriesId: string; readonly kind: EpisodeKind; readonly number: string };

function placeOf({ seriesId, kind, number }: Place): string {
  return `${seriesId} ${kind} ${number}`;
}
