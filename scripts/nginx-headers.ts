import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../src/platform/project';
import { securityHeaders } from '../src/platform/security-headers';

/**
 * Writes deploy/header-values.conf and deploy/headers.conf anew: what nginx adds to an answer that carries no headers of the
 * site, which is one of its own. A test compares them.
 */
const SOURCE = '# Written by `npx tsx scripts/nginx-headers.ts` from src/platform/security-headers.ts.';

/** The files by their names. */
export function nginxHeaderFiles(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const names = [...headers.keys()];
  const maps = names.map((name) => {
    const value = headers.get(name) ?? '';
    return `map ${variable('upstream_http', name)} ${variable('own', name)} { '' "${value}"; default ''; }\n`;
  });
  return new Map([
    [
      'header-values.conf',
      `${SOURCE}\n# Included in http. A node's answer keeps what the node says: for it each of these is empty, and isn't added.\n${maps.join('')}`,
    ],
    [
      'headers.conf',
      `${SOURCE}\n# Included in server, and again wherever a location has an add_header of its own, which drops these.\n${names
        .map((name) => `add_header ${name} ${variable('own', name)} always;\n`)
        .join('')}`,
    ],
  ]);
}

function variable(prefix: string, header: string): string {
  return `$${prefix}_${header.replaceAll('-', '_')}`;
}

if (require.main === module) {
  for (const [name, text] of nginxHeaderFiles(securityHeaders()))
    writeFileSync(join(projectRoot(), 'deploy', name), text);
}
