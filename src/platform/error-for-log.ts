/** The parts of an error that go into the log, and no others: libraries hang rows, inputs and queries on an error. */
export type LoggedError = {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
  readonly [field: string]: unknown;
};

/** Names of things, never what is in them. `detail`, `where` and `internalQuery` of Postgres hold rows. */
const FIELDS = [
  'code',
  'syscall',
  'status',
  'severity',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'routine',
  'sql',
];
/** Errors that wrap each other more deeply are a circle. */
const MAX_DEPTH = 4;
const MAX_ERRORS = 4;
const MAX_TEXT = 4_000;

/**
 * Classes of SQLSTATE whose messages quote names of the schema alone. In others, such as 22 ("invalid input syntax for type
 * integer: …"), 42 (the token that is wrong) or P0 (raised by a function), what is quoted may be a value.
 */
const NAMING_CLASSES = new Set(['08', '23', '25', '28', '3D', '40', '53', '55', '57', '58']);

/** Returns what the log gets of an error: nothing of a row or of a request, as far as libraries make that known. */
export function errorForLog(error: unknown, depth = 0): LoggedError {
  // Not instanceof: Node's own sockets may throw an Error of another realm. A thrown value may be anything.
  if (!isErrorLike(error)) return { type: nameOf(error), message: 'Something that is no error was thrown' };
  const message = safeMessage(error).slice(0, MAX_TEXT);
  const type = nameOf(error);
  const logged: Record<string, unknown> = {};
  for (const name of FIELDS) {
    const value: unknown = Reflect.get(error, name);
    if (typeof value === 'string') logged[name] = value.slice(0, MAX_TEXT);
    else if (typeof value === 'number') logged[name] = value;
  }
  const { cause } = error;
  const errors: unknown = Reflect.get(error, 'errors');
  return {
    type,
    message,
    stack: `${type}: ${message}${framesOf(error)}`,
    ...logged,
    ...(isErrorLike(cause) && depth < MAX_DEPTH && { cause: errorForLog(cause, depth + 1) }),
    // Only the addresses of one name come in this way, at the top.
    ...(Array.isArray(errors) &&
      depth === 0 && {
        errors: errors.slice(0, MAX_ERRORS).map((each: unknown) => errorForLog(each, depth + 1)),
      }),
  };
}

function isErrorLike(error: unknown): error is Error {
  return (
    typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
  );
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value;
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'Object';
}

function safeMessage(error: Error): string {
  const { message } = error;
  const code: unknown = Reflect.get(error, 'code');
  if (isSqlstate(code) && 'severity' in error) {
    const kind = code.slice(0, 2);
    if (NAMING_CLASSES.has(kind)) return message;
    return kind === '42' ? withoutQuoted(message) : `Postgres refused a value (${code})`;
  }
  // What zod finds wrong lists what it was given.
  if (error.name === 'ZodError' || error.name === '$ZodError')
    return 'Something did not have the expected form';
  // These parsers quote what they can't read; Node quotes an argument of a wrong type.
  if (error.name === 'SyntaxError' && /JSON|regular expression/i.test(message))
    return 'Something could not be parsed';
  if (typeof code === 'string' && code.startsWith('ERR_INVALID_')) return withoutEnd(message, '. Received ');
  return message;
}

/** A value may hold quotes itself: only what is outside of all of them is kept. */
function withoutQuoted(text: string): string {
  const first = text.indexOf('"');
  return first < 0 ? text : `${text.slice(0, first)}"…"${text.slice(text.lastIndexOf('"') + 1)}`;
}

function withoutEnd(text: string, from: string): string {
  const at = text.indexOf(from);
  return at < 0 ? text : text.slice(0, at);
}

function isSqlstate(code: unknown): code is string {
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
}

/** The frames of the stack, without the message above them. */
function framesOf({ stack, message }: Error): string {
  if (typeof stack !== 'string') return '';
  const at = stack.indexOf(message);
  // Code that changed the message later left the first one in the stack, and nobody knows where that one ends.
  if (at < 0) return '';
  const frames = stack.slice(at + message.length).split('\n');
  return frames
    .filter((line) => line.startsWith('    at '))
    .slice(0, 30)
    .map((line) => `\n${line}`)
    .join('');
}
