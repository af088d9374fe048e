import { JOB_CONNECTIONS } from '../platform/jobs';

/** Connections to Postgres that the processes of one machine share; a server has 100 unless it was told otherwise. */
const MAX_CONNECTIONS = 80;
/** Connections that each process has besides: three of its session store, two that look at the head. */
const OTHER_CONNECTIONS = 3 + 2;
/** More than this one process has no use for. */
const MAX_PAGE_CONNECTIONS = 10;
/** Besides the jobs, the first process waits for some of them to be asked for, and brings the schema up to date. */
const FIRST_CONNECTIONS = 2;

/** How many connections each process of a node may open for requests. */
export function pageConnections(processCount: number): number {
  const share = Math.floor(MAX_CONNECTIONS / processCount) - OTHER_CONNECTIONS;
  return Math.min(Math.max(share, 2), MAX_PAGE_CONNECTIONS);
}

/** How many connections to Postgres all processes of a node may open together. */
export function nodeConnections(processCount: number): number {
  const serving = processCount * (pageConnections(processCount) + OTHER_CONNECTIONS);
  return serving + JOB_CONNECTIONS + FIRST_CONNECTIONS;
}
