const plurals = new Intl.PluralRules(document.documentElement.lang);

/** The word of this name that the markup has for scripts, `data-word-<name>`, with each `{value}` filled in. */
export function wordOf(
  element: Element | null | undefined,
  name: string,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const word = element?.getAttribute(`data-word-${name}`) ?? '';
  return word.replace(/\{(\w+)\}/g, (_, value) => String(values[value]));
}

/** The same of a word with forms for numbers, `data-word-<name>-one` and `data-word-<name>-other`. @param shown in the place of the number */
export function countedWord(
  element: Element,
  name: string,
  count: number,
  shown: string | number = count,
): string {
  const form = `${name}-${plurals.select(count)}`;
  return wordOf(element, element.hasAttribute(`data-word-${form}`) ? form : `${name}-other`, {
    count: shown,
  });
}
