/** What a page tells those that don't read it: search engines, and whoever shows a preview of a link. */
export type PageMeta = {
  /** The one address of the page. */
  readonly path: string;
  readonly description: string;
  /** https://ogp.me/#types */
  readonly type: 'website' | 'video.tv_show' | 'video.episode' | 'video.movie';
  readonly image: PreviewImage;
  /** The page's objects of schema.org, as the text of a script element. Their addresses begin with the origin. */
  readonly jsonLd: (origin: string) => string;
};

export type PreviewImage = {
  /** A path of the site, or a full address. */
  readonly url: string;
  readonly alt: string;
  /** In pixels, where it is known. */
  readonly size?: { readonly width: number; readonly height: number };
};

/** One object of schema.org. */
export type SchemaObject = { readonly '@type': string } & Readonly<Record<string, unknown>>;

type GivenMeta = Omit<PageMeta, 'jsonLd'> & { readonly data: (origin: string) => readonly SchemaObject[] };

export function pageMeta({ data, ...meta }: GivenMeta): PageMeta {
  return {
    ...meta,
    description: shortened(meta.description),
    jsonLd: (origin) => jsonLdText(data(origin)),
  };
}

/** The way to a page from the beginning of the site. @param steps each its name and its path */
export function breadcrumbs(
  origin: string,
  steps: readonly (readonly [name: string, path: string])[],
): SchemaObject {
  return {
    '@type': 'BreadcrumbList',
    itemListElement: steps.map(([name, path], index) => ({
      '@type': 'ListItem',
      position: index + 1,
      name,
      item: `${origin}${path}`,
    })),
  };
}

/** Inside a script element nothing is unescaped, and only `<` can end it or begin a comment (HTML, 4.12.1.3). */
function jsonLdText(objects: readonly SchemaObject[]): string {
  const text = JSON.stringify({ '@context': 'https://schema.org', '@graph': objects });
  return text.replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** More than that is cut off wherever it is shown. */
const MAX_DESCRIPTION = 200;

function shortened(description: string): string {
  const text = description.replace(/\s+/g, ' ').trim();
  if (text.length <= MAX_DESCRIPTION) return text;
  const start = text.slice(0, MAX_DESCRIPTION);
  const lastSpace = start.lastIndexOf(' ');
  // Japanese has no spaces to end at; half a pair of surrogates is no character.
  return `${(lastSpace > MAX_DESCRIPTION / 2 ? start.slice(0, lastSpace) : start).replace(/[\ud800-\udbff]$/, '')} …`;
}
