import { z } from 'zod';
import type { MetricsSnapshot } from '../platform/metrics';

/** Made by prom-client and read by prom-client: nothing here looks into it. */
const snapshotSchema = z.custom<MetricsSnapshot>((value) => Array.isArray(value));

const workerMessageSchema = z.discriminatedUnion('type', [
  /** The worker could not start, and why. */
  z.object({ type: z.literal('failed'), reason: z.string() }),
  /** Places by address that were taken and given back in one turn of the worker's event loop. */
  z.object({
    type: z.literal('places'),
    turn: z.number(),
    left: z.array(z.string()),
    wanted: z.array(z.string()),
  }),
  /** Changes for the other workers, encoded. */
  z.object({ type: z.literal('changes'), messages: z.array(z.string()) }),
  /** Somebody has asked this worker for the metrics of all. */
  z.object({ type: z.literal('metrics-wanted'), request: z.number() }),
  z.object({ type: z.literal('snapshot'), round: z.number(), snapshot: snapshotSchema }),
]);

const primaryMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('drain'), patient: z.boolean() }),
  /** The answer to `places`: which of the wanted ones were given. */
  z.object({ type: z.literal('placed'), turn: z.number(), given: z.array(z.boolean()) }),
  z.object({ type: z.literal('changes'), messages: z.array(z.string()) }),
  z.object({ type: z.literal('snapshot-wanted'), round: z.number() }),
  /** The answer to `metrics-wanted`, as Prometheus reads it. */
  z.object({ type: z.literal('metrics'), request: z.number(), text: z.string() }),
]);

export type WorkerMessage = z.infer<typeof workerMessageSchema>;
export type PrimaryMessage = z.infer<typeof primaryMessageSchema>;

/** Undefined for what is somebody else's: the rate limiter uses the same channel. */
export function parseWorkerMessage(message: unknown): WorkerMessage | undefined {
  return workerMessageSchema.safeParse(message).data;
}

/** Undefined for what is somebody else's: the rate limiter uses the same channel. */
export function parsePrimaryMessage(message: unknown): PrimaryMessage | undefined {
  return primaryMessageSchema.safeParse(message).data;
}
