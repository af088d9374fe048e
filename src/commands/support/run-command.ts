import { endsBySignal } from '../../platform/close-on-signal';
import { createLogger } from '../../platform/log';
import { type OpenDatabase, type openAsItIs, openDatabase } from '../../platform/open-database';
import { ConfigError, loadConfig } from '../../process/config';
import { misspeltSettings } from '../../process/misspelt-settings';
import { SETTINGS } from '../../process/settings';
import { startProblem } from '../../process/start-problem';

/** The command was called in a wrong way: its message and the help are shown, and it ends with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Runs a command: `--help` anywhere shows its help. An error is shown as a sentence, not as a stack. */
export function runCommand(help: string, command: (args: string[]) => Promise<void>): void {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help);
    return;
  }
  command(args).catch((error: unknown) => {
    if (endsBySignal()) return;
    if (isUsage(error)) {
      process.stderr.write(`${error.message}\n\n${help}`);
      process.exitCode = 2;
    } else {
      process.stderr.write(`${error instanceof ConfigError ? error.message : `Failed: ${failure(error)}`}\n`);
      process.exitCode = 1;
    }
  });
}

/**
 * Opens the database of the site, running or not, for the time of `work`.
 * @param open how; by default the schema is brought up to date
 */
export async function withDatabase(
  work: (database: OpenDatabase) => Promise<void>,
  open: typeof openAsItIs = openDatabase,
): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel);
  for (const line of misspeltSettings(process.env, SETTINGS)) log.warn(line);
  const database = await open(config, log);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

function isUsage(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  // What parseArgs throws for an option that does not exist or lacks its value.
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

/** Why a command failed, as a sentence. */
export function failure(error: unknown): string {
  return problem(error) ?? (error instanceof Error ? error.message : String(error));
}

function problem(error: unknown): string | undefined {
  try {
    return startProblem(error, loadConfig(process.env));
  } catch {
    // A command that needs no settings has not looked at them, and goes without.
    return undefined;
  }
}
