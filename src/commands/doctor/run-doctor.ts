import type { Logger } from '../../platform/log';
import { checkConfiguration } from './configuration-check';
import { checkDatabase } from './database-checks';
import { type Finding, warning } from './finding';
import { checkDataFolder, checkNode, checkOpenFiles, checkPictures } from './machine-checks';
import { checkRedis } from './redis-checks';

/**
 * Looks at all that the site needs and what is around it, one thing after the other; each finding is given when it is there. Nothing
 * is changed.
 * @param nodes how many are to run with these settings
 */
export async function* examine(
  env: Readonly<Record<string, string | undefined>>,
  nodes: number,
  log: Logger,
): AsyncGenerator<Finding, void> {
  yield checkNode();
  const { config, findings } = checkConfiguration(env, nodes);
  yield* findings;
  if (!config)
    return yield warning('everything else', 'was not looked at, since it hangs on the configuration');
  yield checkOpenFiles(config);
  const folder = await checkDataFolder(config);
  yield folder;
  // Those in the same folder have the same problem.
  if (config.storage || folder.outcome !== 'problem') yield await checkPictures(config);
  yield* checkDatabase(config, nodes, log);
  yield* checkRedis(config.redisUrl, log);
}
