/** More losses than this within a minute are a loop that does not end by itself. */
const MAX_LOSSES = 5;
const LOSSES_MS = 60_000;

/** What the watch needs to know of a session: when it broke. */
export type Watched = { readonly onEnd: (listener: () => void) => void };

type Options<Session> = {
  readonly session: Session;
  /** Joins the server again, and starts it where it has gone. */
  readonly rejoin: () => Promise<Session>;
  readonly onLost: () => void;
  readonly onBack: (awayMs: number) => void;
  /** Called once, when there is no hope left. */
  readonly onGivenUp: (error: Error) => void;
};

/** Holds a session with a server that may be killed, and makes a new one whenever it breaks. */
export class EmbeddedServerWatch<Session extends Watched> {
  readonly #options: Options<Session>;
  #session: Session;
  #isClosed = false;
  #rejoining: Promise<void> | undefined;
  #lossesMs: number[] = [];

  constructor(options: Options<Session>) {
    this.#options = options;
    this.#session = options.session;
    this.#watch();
  }

  /** Ends the watch when its present step is done. Returns the session, which may be broken. */
  async close(): Promise<Session> {
    this.#isClosed = true;
    await this.#rejoining;
    return this.#session;
  }

  #watch(): void {
    const watched = this.#session;
    watched.onEnd(() => {
      if (!this.#isClosed && watched === this.#session) this.#rejoining ??= this.#rejoin();
    });
  }

  async #rejoin(): Promise<void> {
    const { rejoin, onLost, onBack, onGivenUp } = this.#options;
    const startedMs = performance.now();
    try {
      this.#lossesMs = [...this.#lossesMs.filter((ms) => startedMs - ms < LOSSES_MS), startedMs];
      if (this.#lossesMs.length > MAX_LOSSES)
        throw new Error(`The database server was lost ${this.#lossesMs.length} times within a minute.`);
      onLost();
      this.#session = await rejoin();
      this.#rejoining = undefined;
      this.#watch();
      onBack(performance.now() - startedMs);
    } catch (error) {
      this.#rejoining = undefined;
      if (!this.#isClosed) onGivenUp(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
