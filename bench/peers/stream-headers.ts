/** The same for every peer that can set them. */
export const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};
export const FIRST_BYTES = 'retry: 4000\n\n';
/** As long as the machine allows. */
export const BACKLOG = 32_768;

/** The port that the bench gives as the only argument. */
export function portArgument(): number {
  return Number(process.argv[2]);
}
