import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { builtFile } from '../machine/compile';

const result = z.object({
  requests: z.number(),
  /** Answers other than 200 and 304. */
  failed: z.number(),
  seconds: z.number(),
  bytes: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
});

export type RequestResult = z.infer<typeof result>;

/** Sends the request over and over on kept-alive connections; a run of @ in it becomes another number every time. */
export async function sendRequests(options: {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly request: string;
}): Promise<RequestResult> {
  const { port, connections, seconds, request } = options;
  const { stdout } = await promisify(execFile)(builtFile('requests'), [
    ...[port, connections, seconds].map(String),
    request,
  ]);
  return result.parse(JSON.parse(stdout));
}
