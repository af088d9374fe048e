import type { IncomingMessage } from 'node:http';
import type { Catalog } from '../catalog/catalog-write';
import type { Config } from '../config';
import type { SessionPool } from '../platform/database';
import type { DatabaseWatch } from '../platform/database-watch';
import type { Logger } from '../platform/log';
import type { Metrics } from './ops/metrics';
import type { PageCache } from './page-cache';
import type { LoginLimits } from './rate-limits';

/** Everything that a request may need, given by the composition root. */
export type Dependencies = {
  readonly config: Config;
  readonly log: Logger;
  readonly catalog: Catalog;
  readonly pages: PageCache;
  /** The id of a request, for logs and for whoever reports an error. */
  readonly requestId: (request: IncomingMessage) => string;
  /** Who sends a request, as the stream knows it too: Express's `request.ip` takes any text for an address. */
  readonly clientAddress: (request: IncomingMessage) => string;
  readonly databaseWatch: DatabaseWatch;
  readonly sessionPool: SessionPool;
  readonly sessionSecret: string;
  readonly loginLimits: LoginLimits;
  readonly metrics: Metrics;
  /** The metrics of all processes that share the port, as Prometheus reads them. */
  readonly readMetrics: () => Promise<string>;
  /** No new visitors should be sent here any more. */
  readonly isDraining: () => boolean;
  /** Whether this node knows of all changes but those of the last seconds. */
  readonly isFeedReady: () => boolean;
};
