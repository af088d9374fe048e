import cluster from 'node:cluster';
import type { Bus } from '../../live/feed/bus';
import { type PrimaryMessage, parsePrimaryMessage, type WorkerMessage } from './messages';
import { RelayedBus } from './relayed-bus';

/** A worker's end of the channel to the primary, over which it shares with the other workers. */
export class PrimaryLink {
  readonly #bus = new RelayedBus((messages) => send({ type: 'changes', messages: [...messages] }));
  #drain: (patient: boolean) => void = () => undefined;

  constructor() {
    process.on('message', (message) => {
      const parsed = parsePrimaryMessage(message);
      if (parsed) this.#receive(parsed);
    });
  }

  /** Unique among all workers that the primary has ever started. */
  get workerId(): number {
    return cluster.worker?.id ?? 0;
  }

  get bus(): Bus {
    return this.#bus;
  }

  /** Registers what is done when the primary ends this worker. */
  onDrain(drain: (patient: boolean) => void): void {
    this.#drain = drain;
  }

  /** Tells the primary why this worker can't start. */
  async failed(reason: string): Promise<void> {
    await send({ type: 'failed', reason });
  }

  #receive(message: PrimaryMessage): void {
    switch (message.type) {
      case 'drain':
        return this.#drain(message.patient);
      case 'changes':
        return this.#bus.receive(message.messages);
      default:
        message satisfies never;
    }
  }
}

function send(message: WorkerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!process.send || !process.connected) return reject(new Error('The primary is gone.'));
    process.send(message, undefined, undefined, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
