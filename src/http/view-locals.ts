import { readFileSync } from 'node:fs';
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
