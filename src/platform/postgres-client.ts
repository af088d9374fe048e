import pg from 'pg';
import { DeadlineError } from './deadline';

/** How long a pool of connections to Postgres waits, in milliseconds. */
export type Limits = {
  /** For a new connection to be made. */
  readonly connectMs: number;
  /** For a connection from the pool, new or not. */
  readonly acquireMs: number;
  /** For one statement, by the server's clock. */
  readonly statementMs: number;
  /** For one lock. */
  readonly lockMs: number;
  /** For the next statement of a transaction: who went silent in the middle of one must not hold its locks. */
  readonly idleInTransactionMs: number;
};

/** The time that the answer to a statement may take longer on this side before the connection counts as dead. */
const GRACE_MS = 500;
/** The time that a connection has to close in the orderly way. */
const GOODBYE_MS = 1_000;
/** Idle time after which the kernel asks whether the other end is still there. */
const KEEP_ALIVE_MS = 10_000;

/** A connection on which every statement is answered in time, or which is closed. */
export interface GuardedClient extends pg.Client {
  /** Milliseconds that the pool allows a statement. */
  readonly statementMs: number;
  /** Milliseconds that a statement may take from now on; undefined: what the pool allows. */
  patienceMs: number | undefined;
}

/**
 * Makes the class of the connections of one pool. A connection can go silent without an end: a firewall that forgot it, a
 * machine that vanished. So the client keeps a deadline of its own, which also holds behind PgBouncer, where the server's
 * `statement_timeout` may not be set. When one connection went silent, the idle ones that have not been heard of since its
 * statement was sent are closed, too: else each of them would cost somebody the same wait.
 */
export function guardedClient(limits: Limits): new (config?: string | pg.ClientConfig) => GuardedClient {
  const clients = new Set<Client>();

  class Client extends pg.Client implements GuardedClient {
    readonly statementMs = limits.statementMs;
    patienceMs: number | undefined;
    #heardMs = performance.now();
    readonly #deadlines = new Set<NodeJS.Timeout>();

    constructor(config?: string | pg.ClientConfig) {
      const settings = typeof config === 'string' ? { connectionString: config } : config;
      super({
        ...settings,
        connectionTimeoutMillis: limits.connectMs,
        keepAlive: true,
        keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      });
      clients.add(this);
      this.once('end', () => {
        clients.delete(this);
        for (const deadline of this.#deadlines) clearTimeout(deadline);
        this.#deadlines.clear();
      });
    }

    override end(): Promise<void>;
    override end(callback: (error: Error) => void): void;
    override end(callback?: (error: Error) => void): Promise<void> | undefined {
      // The other side gets a goodbye, but has only a moment to answer it.
      const goodbye = setTimeout(() => this.connection.stream.destroy(), GOODBYE_MS);
      this.once('end', () => clearTimeout(goodbye));
      return callback ? void super.end(callback) : super.end();
    }

    // biome-ignore lint/suspicious/noExplicitAny: pg's method has nine forms, and this one passes all of them on
    override query(...given: any[]): any {
      const heard = this.#expectAnswer();
      const callback = given.at(-1);
      if (typeof callback === 'function') {
        const settled = (...result: unknown[]): void => {
          heard();
          callback(...result);
        };
        return Reflect.apply(super.query, this, [...given.slice(0, -1), settled]);
      }
      const answer: unknown = Reflect.apply(super.query, this, given);
      if (answer instanceof Promise) answer.then(heard, heard);
      else heard();
      return answer;
    }

    #expectAnswer(): () => void {
      const sentMs = performance.now();
      const patienceMs = this.patienceMs ?? limits.statementMs + GRACE_MS;
      const giveUp = (): void => {
        if (!this.#deadlines.delete(deadline)) return;
        this.#close(new DeadlineError(`Postgres has not answered for ${patienceMs} ms`));
        for (const client of clients) client.#closeIfSilentSince(sentMs);
      };
      // After a turn for the network: a process that was busy for as long has the answer, and has not read it yet.
      const deadline = setTimeout(() => setImmediate(giveUp), patienceMs);
      this.#deadlines.add(deadline);
      return () => {
        this.#heardMs = performance.now();
        clearTimeout(deadline);
        this.#deadlines.delete(deadline);
      };
    }

    /** One with a statement under way has a deadline of its own. */
    #closeIfSilentSince(sentMs: number): void {
      if (this.#deadlines.size > 0 || this.#heardMs > sentMs) return;
      this.#close(
        new DeadlineError('Another connection to Postgres went silent, and this one was not heard of since'),
      );
    }

    /** Not end(): that would ask the other side first. */
    #close(error: Error): void {
      clients.delete(this);
      this.connection.stream.destroy(error);
    }
  }

  return Client;
}

/** Returns the SQL that sets the limits of a new connection. PgBouncer would refuse them as start-up parameters. */
export function limitStatements({ statementMs, lockMs, idleInTransactionMs }: Limits): string {
  return `set statement_timeout = ${statementMs}; set lock_timeout = ${lockMs}; set idle_in_transaction_session_timeout = ${idleInTransactionMs}`;
}

/** Returns the milliseconds on this side for statements to which the server gives `statementMs`. */
export function patienceFor(statementMs: number): number {
  return statementMs + GRACE_MS;
}
