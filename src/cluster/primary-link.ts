import cluster from 'node:cluster';
import type { ChangeBus } from '../changes/change-bus';
import { within } from '../platform/deadline';
import type { MetricsSnapshot } from '../platform/metrics';
import type { AddressLimit } from '../realtime/admission';
import { type PrimaryMessage, parsePrimaryMessage, type WorkerMessage } from './messages';
import { RelayedChangeBus } from './relayed-change-bus';
import { SharedAddressLimit } from './shared-address-limit';

/** The primary waits two seconds for a worker that is stuck. */
const METRICS_MS = 5_000;

/** What a worker shares with the others, all of it by asking the primary. */
export class PrimaryLink {
  readonly #bus = new RelayedChangeBus((messages) => send({ type: 'changes', messages: [...messages] }));
  readonly #addresses = new SharedAddressLimit(({ turn, left, wanted }) =>
    this.#tell({ type: 'places', turn, left: [...left], wanted: [...wanted] }),
  );
  readonly #onError: (error: unknown) => void;
  readonly #readers = new Map<number, (text: string) => void>();
  #lastRequest = 0;
  #takeSnapshot: () => Promise<MetricsSnapshot> = async () => [];
  #drain: (patient: boolean) => void = () => undefined;

  /** @param onError told what could not be said to the primary */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
    process.on('message', (message) => {
      const parsed = parsePrimaryMessage(message);
      if (parsed) this.#receive(parsed);
    });
  }

  /** Unique among all workers that the primary has ever started. */
  get workerId(): number {
    return cluster.worker?.id ?? 0;
  }

  get bus(): ChangeBus {
    return this.#bus;
  }

  get addresses(): AddressLimit {
    return this.#addresses;
  }

  /** The metrics of all workers as Prometheus reads them. */
  readMetrics(): Promise<string> {
    const request = ++this.#lastRequest;
    const answer = new Promise<string>((resolve, reject) => {
      this.#readers.set(request, resolve);
      send({ type: 'metrics-wanted', request }).catch(reject);
    });
    return within(METRICS_MS, 'Reading the metrics of all processes', answer).finally(() =>
      this.#readers.delete(request),
    );
  }

  /** Says what the primary gets when it asks for this worker's metrics. */
  shareMetrics(takeSnapshot: () => Promise<MetricsSnapshot>): void {
    this.#takeSnapshot = takeSnapshot;
  }

  /** Says what is done when the primary wants this worker to end. */
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
      case 'placed':
        return this.#addresses.placed(message.turn, message.given);
      case 'changes':
        return this.#bus.receive(message.messages);
      case 'snapshot-wanted':
        this.#takeSnapshot()
          .then((snapshot) => send({ type: 'snapshot', round: message.round, snapshot }))
          .catch(this.#onError);
        return;
      case 'metrics':
        this.#readers.get(message.request)?.(message.text);
        this.#readers.delete(message.request);
        return;
      default:
        message satisfies never;
    }
  }

  #tell(message: WorkerMessage): void {
    send(message).catch(this.#onError);
  }
}

function send(message: WorkerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!process.send || !process.connected) return reject(new Error('The primary is gone.'));
    process.send(message, undefined, undefined, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
