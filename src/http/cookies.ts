import type { Request } from 'express';

/** The names and values of the cookies whose names begin like this, as the browser sent them. */
export function cookiesOf(request: Request, prefix: string): readonly (readonly [string, string])[] {
  const pairs = request.get('Cookie')?.split(';') ?? [];
  return pairs
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name, value.join('=')] as const;
    });
}

/** The value of the cookie of that name, if the browser sent one. */
export function cookieOf(request: Request, name: string): string | undefined {
  return cookiesOf(request, name).find(([each]) => each === name)?.[1];
}
