import type { IncomingMessage } from 'node:http';

/** Returns the names and values of the cookies whose names begin with `prefix`, as the browser sent them. */
export function cookiesOf(request: IncomingMessage, prefix: string): readonly (readonly [string, string])[] {
  const pairs = request.headers.cookie?.split(';') ?? [];
  return pairs
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name, value.join('=')] as const;
    });
}

/** Returns the value of the cookie of that name, or undefined when the browser sent none. */
export function cookieOf(request: IncomingMessage, name: string): string | undefined {
  return cookiesOf(request, name).find(([each]) => each === name)?.[1];
}
