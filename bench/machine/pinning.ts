import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The server that is measured has a core of its own; whatever loads it is on another. */
const SERVER_CORE = '0';
const LOAD_CORE = '1';

type Command = { readonly file: string; readonly args: readonly string[] };

/** Keeps programs on cores; on a machine that can't, they run where they like. */
export class Pinning {
  readonly #taskset: string | undefined;

  constructor(taskset: string | undefined) {
    this.#taskset = availableParallelism() > 1 ? taskset : undefined;
  }

  get isPinned(): boolean {
    return this.#taskset !== undefined;
  }

  /** Moves this process; what it starts from now on stays with it, the server excepted. */
  pinLoad(): void {
    if (!this.#taskset) return;
    execFileSync(this.#taskset, ['--all-tasks', '--pid', '--cpu-list', LOAD_CORE, String(process.pid)], {
      stdio: 'ignore',
    });
  }

  server(command: Command): Command {
    if (!this.#taskset) return command;
    return { file: this.#taskset, args: ['--cpu-list', SERVER_CORE, command.file, ...command.args] };
  }
}
