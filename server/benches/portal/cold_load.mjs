// Loads a page with an empty cache and prints what came over the wire, then looks at it without JavaScript.
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../../end2end/package.json', import.meta.url))('@playwright/test');
const { BENCH_ADDRESS: address, BENCH_PATH: path, BENCH_COOKIE: cookie, BENCH_CHROMIUM: executablePath } = process.env;
const [name, value] = cookie.split('=');

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});

async function open(javaScriptEnabled) {
  const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 1440, height: 900 } });
  await context.addCookies([{ name, value, url: address }]);
  return { context, page: await context.newPage() };
}

try {
  const { context, page } = await open(true);
  const session = await context.newCDPSession(page);
  const urls = new Map();
  const files = [];
  session.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, new URL(response.url)));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const url = urls.get(requestId);
    // Icons that the style sheet carries itself are no requests.
    if (url?.protocol !== 'data:') files.push({ url: url?.pathname, bytes: Math.round(encodedDataLength) });
  });
  await session.send('Network.enable');
  await page.goto(address + path);
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await page.waitForLoadState('networkidle');
  await context.close();

  const plain = await open(false);
  await plain.page.goto(address + path);
  const rows = await plain.page.locator('tbody tr').filter({ visible: true }).count();
  console.log(JSON.stringify({ files, rows_without_javascript: rows }));
} finally {
  await browser.close();
}
