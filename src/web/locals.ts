import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What every view may use. */
export type ViewLocals = {
  readonly siteName: string;
  /** Address of a built file by the name of its source: `site.css` → `/assets/site-K3JD.css`. */
  readonly asset: (name: string) => string;
};

export function viewLocals(publicFolder: string, rereadAssets: boolean): ViewLocals {
  const read = (): Record<string, string> =>
    JSON.parse(readFileSync(join(publicFolder, 'assets', 'manifest.json'), 'utf8'));
  const built = read();
  return {
    siteName: 'nipnime',
    asset: (name) => {
      const address = (rereadAssets ? read() : built)[name];
      if (!address) throw new Error(`There is no built file for ${name}.`);
      return address;
    },
  };
}

/** Returns a digest of all that decides what a page looks like besides the catalog. It changes with a deploy. */
export function viewsDigest(viewsFolder: string, publicFolder: string): string {
  const views = readdirSync(viewsFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ejs'))
    .sort()
    .map((name) => join(viewsFolder, name));
  // Code makes what views get; the server is built into one file, which this is a part of.
  const files = [...views, join(publicFolder, 'assets', 'manifest.json'), __filename];
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('base64url').slice(0, 8);
}
