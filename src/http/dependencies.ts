import type { Catalog } from '../catalog/catalog-write';
import type { Config } from '../config';
import type { SessionPool } from '../platform/database';
import type { Logger } from '../platform/log';
import type { LoginLimits } from './rate-limits';

/** Everything that a request may need, given by the composition root. */
export type Dependencies = {
  readonly config: Config;
  readonly log: Logger;
  readonly catalog: Catalog;
  readonly sessionPool: SessionPool;
  readonly sessionSecret: string;
  readonly loginLimits: LoginLimits;
  /** False while the site drains. */
  readonly isReady: () => boolean;
};
