import { databaseId, externalId } from './input';

/**
 * How an address of the API names a thing: `42` by its id here, `slug:frieren` by its place on the site, `external:shop-7` by
 * what another system knows it by.
 */
export type ResourceKey = { readonly by: 'id' | 'slug' | 'external'; readonly value: string };

/** As it is written in an address, but for the encoding. */
export function resourceKeyText({ by, value }: ResourceKey): string {
  return by === 'id' ? value : `${by}:${value}`;
}

/** Undefined for what can't be a key. @param text decoded, as Express has it */
export function parseKey(text: unknown): ResourceKey | undefined {
  if (typeof text !== 'string') return undefined;
  if (text.startsWith('slug:')) return { by: 'slug', value: text.slice('slug:'.length) };
  if (!text.startsWith('external:')) {
    const id = databaseId.safeParse(text);
    return id.success ? { by: 'id', value: id.data } : undefined;
  }
  const external = externalId.safeParse(text.slice('external:'.length));
  return external.data ? { by: 'external', value: external.data } : undefined;
}
