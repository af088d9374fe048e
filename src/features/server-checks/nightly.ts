import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Database, inWrite } from '../../platform/database';
import { type Attempt, addJob } from '../../platform/jobs';
import type { Network } from '../../platform/public-fetch';
import { checkServer } from './check';
import { type DueServer, findDueServers, recordCheck } from './repository';

export const CHECK_JOB = 'check-servers';

const HOUR_MS = 3_600_000;
/** What is not done by then is done in another night: those that were not checked for the longest time come first. */
const NIGHT_MS = 3 * HOUR_MS;
/** Then others have their turn. */
const TURN_MS = 30_000;
const BATCH = 200;
const HOSTS_AT_ONCE = 4;
/** Between two requests to the same host. */
const HOST_PAUSE_MS = 1_000;
const JOB_ATTEMPTS = 5;

const nightSchema = z.object({ began: z.iso.datetime().transform((text) => new Date(text)) });

/** Begins to check servers; a job that asks for itself again goes on with it, so that nothing else waits for a whole night. */
export async function beginNight(db: Database, now = new Date()): Promise<void> {
  await inWrite(db, (trx) =>
    addJob(trx, CHECK_JOB, { began: now.toISOString() }, { maxAttempts: JOB_ATTEMPTS, key: CHECK_JOB }),
  );
}

/**
 * Returns the job that checks the servers of one turn, each once a night. One that seems to fail is asked a second time. It switches
 * none off: an admin does.
 * @param pauseMs between two requests to the same host
 */
export function createServerChecker(
  db: Database,
  { network, pauseMs = HOST_PAUSE_MS }: { readonly network?: Network; readonly pauseMs?: number } = {},
) {
  const checkOne = async (server: DueServer, signal: AbortSignal): Promise<void> => {
    const options = { signal, ...(network && { network }) };
    let check = await checkServer(server, options);
    if (check.state === 'fails') {
      await sleep(pauseMs, undefined, { signal });
      check = await checkServer(server, options);
    }
    await recordCheck(db, server, check);
  };

  return async (payload: unknown, { signal }: Pick<Attempt, 'signal'>): Promise<void> => {
    const { began } = nightSchema.parse(payload);
    const endMs = performance.now() + TURN_MS;
    const isOver = (): boolean => signal.aborted || performance.now() > endMs;
    const due = await findDueServers(db, began, BATCH);
    const hosts = [...byHost(due).values()];
    const worker = async (): Promise<void> => {
      for (let servers = hosts.shift(); servers && !isOver(); servers = hosts.shift())
        for (const server of servers) {
          if (isOver()) return;
          await checkOne(server, signal);
          await sleep(pauseMs, undefined, { signal });
        }
    };
    try {
      await Promise.all(Array.from({ length: HOSTS_AT_ONCE }, worker));
    } catch (error) {
      // What was not checked is found again by whoever goes on.
      if (!signal.aborted) throw error;
    }
    if (due.length === 0 || Date.now() - began.getTime() > NIGHT_MS) return;
    const goOn = { began: began.toISOString() };
    await inWrite(db, (trx) => addJob(trx, CHECK_JOB, goOn, { maxAttempts: JOB_ATTEMPTS, key: CHECK_JOB }));
  };
}

function byHost(servers: readonly DueServer[]): ReadonlyMap<string, readonly DueServer[]> {
  const hosts = new Map<string, DueServer[]>();
  for (const server of servers) {
    const host = URL.canParse(server.url) ? new URL(server.url).host : '';
    hosts.set(host, [...(hosts.get(host) ?? []), server]);
  }
  return hosts;
}
