import { z } from 'zod';
import type { Commit } from '../log/change';

/** What a node says to the others beside its commits. It is not remembered: who doesn't hear it now never will. */
export type Note =
  /** It is sure of the head. */
  | { readonly type: 'sure' }
  /** The latest value of something that needs no memory. */
  | { readonly type: 'whisper'; readonly topic: string; readonly key: string; readonly value: WhisperValue }
  /** Its share of values that are made of those of all nodes; a node that says nothing for ten seconds has none. */
  | { readonly type: 'shares'; readonly shares: readonly Share[] }
  /** A session has ended: streams that were opened with its tickets end, too. */
  | { readonly type: 'signed-out'; readonly session: string };

export type WhisperValue = string | number | boolean | null;
export type Share = {
  readonly topic: string;
  readonly key: string;
  readonly value: number;
  /** What is told is not the sum of the nodes' shares, but the greatest of them. */
  readonly isGreatest?: boolean | undefined;
};

/** A commit, and when it was handed over: `Date.now()` right after it. */
export type CommitMessage = { readonly commit: Commit; readonly committedAtMs: number };

const VERSION = 2;
const changeSchema = z.object({
  seq: z.number().int().positive(),
  type: z.enum(['upsert', 'remove', 'reset']),
  kind: z.string(),
  key: z.string(),
  topics: z.array(z.string()),
  isNew: z.boolean(),
});
const commitSchema = z.object({
  v: z.literal(VERSION),
  committedAtMs: z.number(),
  epoch: z.string(),
  changes: z.array(changeSchema).min(1),
});
const address = { topic: z.string(), key: z.string() };
const noteSchema = z.object({
  v: z.literal(VERSION),
  from: z.string(),
  note: z.discriminatedUnion('type', [
    z.object({ type: z.literal('sure') }),
    z.object({
      type: z.literal('whisper'),
      ...address,
      value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
    }),
    z.object({
      type: z.literal('shares'),
      shares: z.array(z.object({ ...address, value: z.number(), isGreatest: z.boolean().optional() })),
    }),
    z.object({ type: z.literal('signed-out'), session: z.string() }),
  ]),
});

export function encodeCommit({ epoch, changes }: Commit, committedAtMs: number): string {
  return JSON.stringify({ v: VERSION, committedAtMs, epoch, changes });
}

/** Undefined for a message of another version or shape: the reader then turns to the log. */
export function decodeCommit(message: string): CommitMessage | undefined {
  const { data } = commitSchema.safeParse(parseJson(message));
  if (!data) return undefined;
  const { epoch, changes, committedAtMs } = data;
  return { commit: { epoch, changes }, committedAtMs };
}

/** @param from the node that says it */
export function encodeNote(from: string, note: Note): string {
  return JSON.stringify({ v: VERSION, from, note });
}

/** Undefined for a note of another version or shape, which is nothing to this node. */
export function decodeNote(message: string): { readonly from: string; readonly note: Note } | undefined {
  return noteSchema.safeParse(parseJson(message)).data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
