import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ListState } from '../../../src/commands/stream/differences';
import type { FollowerCounters } from '../../../src/commands/stream/stream-follower';
import type { CrowdReport, CrowdRequest } from './crowd-process';

/**
 * Clients of the site that keep the list as browsers do, in a process of their own: what they need of a core is not taken from the
 * links that are broken, nor from what measures how long an answer takes.
 */
export class Crowd {
  readonly #child = fork(join(__dirname, 'crowd-process.ts'), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  });
  readonly #exit = once(this.#child, 'exit');
  /** One request at a time is under way. */
  #last: Promise<unknown> = Promise.resolve();

  /** Gives a crowd whose every client is live. */
  static async start(options: {
    readonly url: string;
    readonly clients: number;
    /** Of what is private. */
    readonly marker: string;
  }): Promise<Crowd> {
    const crowd = new Crowd();
    try {
      await crowd.#ask({ type: 'start', ...options });
      return crowd;
    } catch (error) {
      crowd.stop();
      throw error;
    }
  }

  /** Cuts the connections of this share of the clients, 0 to 1, as a network would. */
  async drop(share: number): Promise<void> {
    await this.#ask({ type: 'drop', share });
  }

  /** Those that lack something up to this point or are not live, in sentences. */
  async behind(head: string): Promise<readonly string[]> {
    return (await this.#ask({ type: 'behind', head })) as string[];
  }

  /** What each client has counted since the start. */
  async counters(): Promise<readonly FollowerCounters[]> {
    return (await this.#ask({ type: 'counters' })) as FollowerCounters[];
  }

  async report(truth: ListState): Promise<CrowdReport> {
    return (await this.#ask({ type: 'report', truth })) as CrowdReport;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #ask(request: CrowdRequest): Promise<unknown> {
    const answer = this.#last.then(async () => {
      this.#child.send(request);
      const ended = this.#exit.then(([code]) => {
        throw new Error(`The process of the crowd ended with ${code}.`);
      });
      const [{ result, error }] = (await Promise.race([once(this.#child, 'message'), ended])) as [
        { readonly result?: unknown; readonly error?: string },
      ];
      if (error !== undefined) throw new Error(error);
      return result;
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }
}
