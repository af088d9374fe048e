import { slugFromTitle, slugWithSuffix } from '../series/public';

type Titled = {
  readonly title: string;
  /** How that is read, where it is known. */
  readonly reading?: string | undefined;
  readonly seasonYear: number | null;
  /** The one that it has. */
  readonly slug: string | undefined;
};

/** A slug for each series, in their order: the one it has, else the first free one of its title. */
export function assignSlugs(all: readonly Titled[], inUse: readonly string[]): readonly string[] {
  const taken = new Set(inUse);
  return all.map((series) => {
    const slug = series.slug ?? freeSlug(series, taken);
    taken.add(slug);
    return slug;
  });
}

/** `title`, `title-2024`, `title-2024-2`, … */
function freeSlug({ title, reading, seasonYear }: Titled, taken: ReadonlySet<string>): string {
  const plain = slugFromTitle(title, reading);
  const hasYear = seasonYear === null || plain.endsWith(`-${seasonYear}`);
  const dated = hasYear ? plain : slugWithSuffix(plain, `-${seasonYear}`);
  for (const candidate of [plain, dated]) if (!taken.has(candidate)) return candidate;
  for (let count = 2; ; count++) {
    const candidate = slugWithSuffix(dated, `-${count}`);
    if (!taken.has(candidate)) return candidate;
  }
}
