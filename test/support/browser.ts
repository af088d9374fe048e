import { accessSync, constants } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const MISSING_CHROMIUM =
  'This needs Chromium: install it (Debian: apt-get install chromium), or set CHROMIUM to its path.';

const PATHS = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

function findChromium(): string | undefined {
  return PATHS.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return path !== '';
    } catch {
      return false;
    }
  });
}

export function hasBrowser(): boolean {
  return findChromium() !== undefined;
}

/** `describe`; without a browser the suite is reported as skipped with the reason, or fails where CI asks for it. */
export function describeInBrowser(name: string, suite: () => void): void {
  if (findChromium() || process.env.CI === 'true') {
    describe(name, suite);
    return;
  }
  console.warn(`Skipped: ${name}. ${MISSING_CHROMIUM}`);
  const skipped = describe.skip;
  skipped(name, suite);
}

/** The system's Chromium, without a window and without talking to anybody but the site. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(MISSING_CHROMIUM);
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
