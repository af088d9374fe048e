import { type Config, ConfigError, loadConfig } from '../../process/config';
import { misspeltSettings } from '../../process/misspelt-settings';
import { SETTINGS } from '../../process/settings';
import { type Finding, ok, problem, warning } from './finding';

const ABOUT = 'configuration';

/** The settings as the site reads them; `config` is undefined where it would not start with them. */
export function checkConfiguration(
  env: Readonly<Record<string, string | undefined>>,
  nodes: number,
): { readonly config: Config | undefined; readonly findings: readonly Finding[] } {
  const findings = misspeltSettings(env, SETTINGS).map((sentence) => warning(ABOUT, sentence));
  let config: Config;
  try {
    config = loadConfig(env);
  } catch (error) {
    findings.push(...problemsOf(error).map((line) => problem(ABOUT, line)));
    return { config: undefined, findings };
  }
  findings.push(...(config.production ? adviceForProduction(config) : refusedInProduction(env)));
  if (nodes > 1 && config.redisUrl === undefined)
    findings.push(
      problem(ABOUT, `${nodes} nodes need REDIS_URL: without it they hear of each other only from the log`),
    );
  if (findings.length === 0)
    findings.push(ok(ABOUT, `${config.production ? 'production' : 'development'}, nothing is wrong with it`));
  return { config, findings };
}

/** What keeps these settings from being used in production, where they are not meant for it. */
function refusedInProduction(env: Readonly<Record<string, string | undefined>>): readonly Finding[] {
  try {
    loadConfig({ ...env, NODE_ENV: 'production' });
    return [];
  } catch (error) {
    return problemsOf(error).map((line) => warning(ABOUT, `production would refuse this: ${line}`));
  }
}

function adviceForProduction({ trustProxy }: Config): readonly Finding[] {
  return trustProxy === false
    ? [
        warning(
          ABOUT,
          'TRUST_PROXY is not set: behind a proxy all visitors count as one address, which has 30 streams and 30 tries to log in',
        ),
      ]
    : [];
}

/** Its lines, each of which is about one setting. */
function problemsOf(error: unknown): readonly string[] {
  if (!(error instanceof ConfigError)) throw error;
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}
