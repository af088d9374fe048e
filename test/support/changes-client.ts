import { createParser, type EventSourceMessage } from 'eventsource-parser';

type ChangesEvent = {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
};

export type ChangesAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly events: readonly ChangesEvent[];
  /** The point that it leads to. */
  readonly reached: string;
  /** The path to ask next; empty where it names none. */
  readonly next: string;
};

/** Asks once. */
export async function readChanges(url: string, init: RequestInit = {}): Promise<ChangesAnswer> {
  const { status, headers, body } = await fetch(url, init).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    body: await response.text(),
  }));
  const events: ChangesEvent[] = [];
  createParser({
    onEvent: ({ event = 'message', id, data }: EventSourceMessage) =>
      events.push({ type: event, id, data: JSON.parse(data) }),
  }).feed(body);
  const last = events.at(-1);
  const next = last?.type === 'next' ? String(last.data.next) : '';
  return { status, headers, text: body, events, reached: last?.id ?? '', next };
}
