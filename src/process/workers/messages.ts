import { z } from 'zod';

const workerMessageSchema = z.discriminatedUnion('type', [
  /** The worker could not start; `reason` says why. */
  z.object({ type: z.literal('failed'), reason: z.string() }),
  /** Changes for the other workers, encoded. */
  z.object({ type: z.literal('changes'), messages: z.array(z.string()) }),
]);

const primaryMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('drain'), patient: z.boolean() }),
  z.object({ type: z.literal('changes'), messages: z.array(z.string()) }),
]);

export type WorkerMessage = z.infer<typeof workerMessageSchema>;
export type PrimaryMessage = z.infer<typeof primaryMessageSchema>;

/** Returns undefined for a message of somebody else: the rate limiter and prom-client use the same channel. */
export function parseWorkerMessage(message: unknown): WorkerMessage | undefined {
  return workerMessageSchema.safeParse(message).data;
}

/** Returns undefined for a message of somebody else: the rate limiter and prom-client use the same channel. */
export function parsePrimaryMessage(message: unknown): PrimaryMessage | undefined {
  return primaryMessageSchema.safeParse(message).data;
}
