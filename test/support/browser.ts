// A real Chromium for tests of pages. Where there is none they are skipped, unless CARDUME_REQUIRE_BROWSER=1 says that
// there must be one.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, launch, type Page } from 'puppeteer-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const PLACES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The program: CARDUME_BROWSER, else what is found where such programs are. */
function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [...folders.flatMap(folder => NAMES.map(name => join(folder, name))), ...PLACES];
  const named = process.env.CARDUME_BROWSER;
  return (named ? [named] : candidates).find(path => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const program = findBrowser();

/** For the `skip` of a test that needs a browser: why it cannot run here, or false. */
export const noBrowser: string | false =
  program || process.env.CARDUME_REQUIRE_BROWSER === '1'
    ? false
    : 'no Chromium here: install it (Debian: apt-get install chromium), or name one with CARDUME_BROWSER';

/** A page in a browser of its own, both closed after the test. What the page logs as an error or throws is in `errors`. */
export async function openPage(
  t: TestContext,
  url: string,
  { width = 1440, height = 900 } = {},
): Promise<{ page: Page; errors: string[] }> {
  if (!program)
    throw new Error('CARDUME_REQUIRE_BROWSER=1, and there is no Chromium: apt-get install chromium');
  const browser: Browser = await launch({
    executablePath: program,
    headless: true,
    // Containers have neither the rights for the sandbox nor a large /dev/shm; the pages are our own.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb'],
    defaultViewport: { width, height },
    timeout: 180_000,
    protocolTimeout: 180_000,
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url, { waitUntil: 'load', timeout: 180_000 });
  return { page, errors };
}
