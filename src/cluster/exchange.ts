import { AddressRegister } from './address-register';
import type { PrimaryMessage, WorkerMessage } from './messages';
import { MetricsGathering } from './metrics-gathering';

/** Says something to one worker; nothing happens if it is gone. */
export type SendTo = (workerId: number, message: PrimaryMessage) => void;

/** What the primary does for its workers while they serve: counts addresses, passes changes on, adds up metrics. */
export class Exchange {
  readonly #send: SendTo;
  readonly #addresses: AddressRegister;
  readonly #metrics = new MetricsGathering();
  readonly #workerIds = new Set<number>();
  /** Those that serve: the others can't answer yet. */
  readonly #serving = new Set<number>();

  constructor(options: { readonly maxPerAddress: number; readonly send: SendTo }) {
    this.#send = options.send;
    this.#addresses = new AddressRegister(options.maxPerAddress);
  }

  join(workerId: number): void {
    this.#workerIds.add(workerId);
    this.#addresses.join(workerId);
  }

  serves(workerId: number): void {
    this.#serving.add(workerId);
  }

  /** Forgets a worker that is gone, and frees what it held. */
  leave(workerId: number): void {
    this.#workerIds.delete(workerId);
    this.#serving.delete(workerId);
    this.#addresses.free(workerId);
    this.#metrics.free(workerId);
  }

  async receive(workerId: number, message: WorkerMessage): Promise<void> {
    switch (message.type) {
      case 'places': {
        const given = this.#addresses.settle(workerId, message.left, message.wanted);
        if (given.length > 0) this.#send(workerId, { type: 'placed', turn: message.turn, given });
        return;
      }
      case 'changes':
        // Also to those that are starting: what they don't hear now they would only learn by their next look at the log.
        for (const other of this.#workerIds) if (other !== workerId) this.#send(other, message);
        return;
      case 'metrics-wanted': {
        const text = await this.#metrics.read([...this.#serving], (id, round) =>
          this.#send(id, { type: 'snapshot-wanted', round }),
        );
        this.#send(workerId, { type: 'metrics', request: message.request, text });
        return;
      }
      case 'snapshot':
        this.#metrics.receive(workerId, message.round, message.snapshot);
        return;
      case 'failed':
        return;
      default:
        message satisfies never;
    }
  }
}
