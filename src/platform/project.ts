import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** The folder that holds package.json, views and public: the same from src (tsx, Jest) and from dist. */
export function projectRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`No package.json above ${__dirname}.`);
    folder = parent;
  }
  return folder;
}

/** As package.json has it: `1.2.3`. */
export function projectVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}

/** The folder of what browsers load, as it was built. */
export function assetsFolder(): string {
  return join(projectRoot(), 'public', 'assets');
}

/**
 * Returns Node's arguments for serving the built site, the same as in the Dockerfile. docs/decisions/0011 says why.
 * @param root the folder that it was built in
 */
export function siteArguments(root = projectRoot()): readonly string[] {
  return ['--enable-source-maps', '--max-semi-space-size=4', join(root, 'dist', 'server.js')];
}
