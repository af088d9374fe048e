import type { Broadcast, UsualDelay } from '../schedule/public';

/** What the queue has to know of a regular episode of a series that is broadcast. */
type KnownEpisode = {
  readonly id: string;
  /** Shortest decimal form: `12`, `12.5`. */
  readonly number: string;
  readonly isDraft: boolean;
  /** When it was published or will be; undefined for a draft. */
  readonly at: Date | undefined;
};

export type SeriesEpisodes = {
  /** The highest number that is not a draft's; undefined where there is none. */
  readonly lastNumber: string | undefined;
  /** Those that may be one of the broadcasts: published lately, scheduled, and drafts. */
  readonly episodes: readonly KnownEpisode[];
};

/** A broadcast whose episode is not here, and nobody has scheduled it. */
export type Task = Broadcast & {
  /** The number that it has if none was left out. */
  readonly number: string;
  /** The draft with that number, if there is one. */
  readonly draftId: string | undefined;
  /** When it is usually here; undefined where that has no habit. */
  readonly usualAt: Date | undefined;
  /** `late`: it is usually here by now, or was broadcast hours ago. */
  readonly state: 'late' | 'aired' | 'to-come';
};

const MINUTE_MS = 60_000;
/** Posted a little ahead of its broadcast, as where a service has it first. */
const EARLIEST_MS = 60 * MINUTE_MS;
/** A habit is one of minutes: so long nobody has to hurry. */
const GRACE_MS = 10 * MINUTE_MS;
/** Without a habit. */
const LATE_AFTER_MS = 3 * 60 * MINUTE_MS;

/**
 * The broadcasts of which no episode is here or scheduled, in the order of time.
 * @param broadcasts in the order of time
 * @param episodesOf by the id of the series
 */
export function openTasks(
  broadcasts: readonly Broadcast[],
  episodesOf: ReadonlyMap<string, SeriesEpisodes>,
  usualOf: ReadonlyMap<string, UsualDelay>,
  now: Date,
): Task[] {
  const bySeries = new Map<string, Broadcast[]>();
  for (const broadcast of broadcasts)
    bySeries.set(broadcast.seriesId, [...(bySeries.get(broadcast.seriesId) ?? []), broadcast]);
  const tasks = [...bySeries].flatMap(([seriesId, ofSeries]) =>
    tasksOf(
      ofSeries,
      episodesOf.get(seriesId) ?? { lastNumber: undefined, episodes: [] },
      usualOf.get(seriesId),
      now,
    ),
  );
  return tasks.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function tasksOf(
  broadcasts: readonly Broadcast[],
  { lastNumber, episodes }: SeriesEpisodes,
  usual: UsualDelay | undefined,
  now: Date,
): Task[] {
  const open = broadcasts.filter((broadcast, index) => {
    const begins = Date.parse(broadcast.at) - EARLIEST_MS;
    const next = broadcasts[index + 1];
    const ends = next ? Date.parse(next.at) - EARLIEST_MS : Number.POSITIVE_INFINITY;
    return !episodes.some(({ at }) => at && at.getTime() >= begins && at.getTime() < ends);
  });
  return open.map((broadcast, index) => {
    const number = String(Math.floor(Number(lastNumber ?? 0)) + 1 + index);
    const draft = episodes.find((episode) => episode.isDraft && episode.number === number);
    const at = Date.parse(broadcast.at);
    const usualAt = usual && new Date(at + usual.medianMs);
    const lateAt = usual ? at + usual.medianMs + Math.max(usual.spreadMs, GRACE_MS) : at + LATE_AFTER_MS;
    const state = now.getTime() < at ? 'to-come' : now.getTime() > lateAt ? 'late' : 'aired';
    return { ...broadcast, number, draftId: draft?.id, usualAt, state };
  });
}
