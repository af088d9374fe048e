import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The packages of which something is in the bundles, by name.
 * @param metafiles of esbuild
 * @returns {{ name: string, version: string, license: string, text: string }[]} with the text of each licence
 */
export function bundledPackages(metafiles) {
  const folders = new Set(
    metafiles
      .flatMap(({ inputs }) => Object.keys(inputs))
      .flatMap((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []),
  );
  return [...folders].map(readPackage).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
  // Each of them asks to be handed on with its text.
  if (file === undefined || typeof license !== 'string')
    throw new Error(`${name} has no licence to hand on.`);
  return { name, version, license, text: readFileSync(join(folder, file), 'utf8').trim() };
}

/** What is handed on with the scripts, the styles and the font that a browser loads. */
export function licencesText(packages) {
  const parts = packages.map(
    ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`,
  );
  // A package says of this one only where its text is to be found.
  if (packages.some(({ license }) => license === 'Apache-2.0'))
    parts.push(readFileSync('LICENSES/Apache-2.0.txt', 'utf8'));
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}
