import { accessSync, constants } from 'node:fs';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  firefox,
} from 'playwright-core';

/** Which browser the flows are run in: `BROWSER=firefox` for Firefox, else Chromium. */
const isFirefox = process.env.BROWSER === 'firefox';

const MISSING_BROWSER = isFirefox
  ? 'This needs Firefox: install it (Debian: apt-get install firefox-esr), or set FIREFOX to its path.'
  : 'This needs Chromium: install it (Debian: apt-get install chromium), or set CHROMIUM to its path.';

const PATHS = isFirefox
  ? [process.env.FIREFOX ?? '', '/usr/bin/firefox-esr', '/usr/bin/firefox']
  : [
      process.env.CHROMIUM ?? '',
      // The same engine without the pages of a browser's own toolbar, which take more of a core than the site's.
      '/usr/bin/chromium-headless-shell',
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ];

function findBrowser(): string | undefined {
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
  return findBrowser() !== undefined;
}

/** `describe`; without a browser the suite is reported as skipped with the reason, or fails where CI asks for it. */
export function describeInBrowser(name: string, suite: () => void): void {
  if (findBrowser() || process.env.CI === 'true') {
    describe(name, suite);
    return;
  }
  console.warn(`Skipped: ${name}. ${MISSING_BROWSER}`);
  const skipped = describe.skip;
  skipped(name, suite);
}

/** A test of what Playwright has no way to do in Firefox: download a file. */
export const testOfDownloads = isFirefox ? test.skip : test;

/**
 * A context with these options. Whether scripts run and things may move is a setting of all of Firefox, so there it is in another one,
 * which ends with the context. Without scripts Playwright can click and fill nothing there, for it waits for a frame of the page's own; but it
 * can press keys.
 */
export async function newContext(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const { javaScriptEnabled = true, reducedMotion } = options;
  if (!isFirefox || (javaScriptEnabled && reducedMotion !== 'reduce')) return browser.newContext(options);
  const other = await launchFirefox({
    'javascript.enabled': javaScriptEnabled,
    'ui.prefersReducedMotion': reducedMotion === 'reduce' ? 1 : 0,
  });
  const context = await other.newContext(options);
  context.on('close', () => void other.close());
  return context;
}

/** Firefox as it is shipped, over WebDriver BiDi. */
function launchFirefox(firefoxUserPrefs: Record<string, boolean | number> = {}): Promise<Browser> {
  return firefox.launch({ channel: 'moz-firefox', executablePath: installedBrowser(), firefoxUserPrefs });
}

function installedBrowser(): string {
  const path = findBrowser();
  if (!path) throw new Error(MISSING_BROWSER);
  return path;
}

/** The system's browser, without a window and without talking to anybody but the site. @param moreArgs for Chromium alone */
export async function launchBrowser(moreArgs: readonly string[] = []): Promise<Browser> {
  if (isFirefox) return launchFirefox();
  return chromium.launch({
    executablePath: installedBrowser(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...moreArgs,
    ],
  });
}
