// Takes docs/screenshots: every page with real content, some of them dark, wide, narrow, in Chinese, empty and broken.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { writeCompose } from '../pages/app.js';
import { engineCall } from '../support/engine.js';
import { administrator, freePort, runDirectory, stateFile } from '../support/portal.js';
import { expect, hydrated, open, test } from '../support/test.js';

const folder = new URL('../../docs/screenshots/', import.meta.url).pathname;

const shop = (port: number): string => `services:
  web:
    image: gantry-test/web:1
    ports: ["${port}:8080"]
    deploy:
      resources: {limits: {memory: 128M, cpus: "0.5"}}
    depends_on:
      api: {condition: service_healthy}
  api:
    image: gantry-test/slow:1
    deploy: {replicas: 3}
    environment: {LEVEL: info}
  worker:
    image: gantry-test/chatty:1
    deploy: {replicas: 2}
    volumes: [data:/data]
volumes: {data: {}}
`;

/** What stands in the way of two pictures of the same page being the same. */
async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

/** A page in other clothes. */
async function dressed(browser: Browser, name: string, path: string, options: BrowserContextOptions, ready: (page: Page) => Promise<unknown>): Promise<void> {
  const context = await browser.newContext({ storageState: stateFile, viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  await open(page, path);
  await ready(page);
  await shoot(page, name);
  await context.close();
}

const rows = (page: Page): Promise<void> => page.locator('tbody tr').first().waitFor();
const drawn = (page: Page): Promise<void> => page.locator('.chart__line--1').first().waitFor();
const lines = (page: Page): Promise<void> => page.locator('.logs__row').nth(25).waitFor();
const narrow = { viewport: { width: 390, height: 844 } };
const wide = { viewport: { width: 1920, height: 1080 } };
const dark = { colorScheme: 'dark' } as const;
const chinese = { locale: 'zh-CN' };

test.describe.configure({ mode: 'serial' });
test.setTimeout(300_000);

test.beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});

test.describe('before anybody was here', () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test('setup, sign-in, empty pages', async ({ page, portal }) => {
    await page.goto(portal.setupLink);
    await hydrated(page);
    await shoot(page, 'setup');
    await page.locator('input[name=username]').fill(administrator.username);
    await page.locator('input[name=password]').fill(administrator.password);
    await page.locator('input[name=password_confirm]').fill(administrator.password);
    await page.locator('button[type=submit]').click();
    await expect(page.locator('.figures')).toBeVisible();
    await page.context().storageState({ path: stateFile });
    await open(page, '/apps');
    await shoot(page, 'empty-apps');
    await open(page, '/clusters/local/containers');
    await shoot(page, 'empty-containers');
    await page.context().clearCookies();
    await page.goto('/login');
    await hydrated(page);
    await shoot(page, 'login');
  });
});

test.describe('signed in', () => {
  test.use({ storageState: stateFile });

  test('deploying', async ({ page, portal }) => {
    await engineCall(portal.socket, 'POST', '/containers/create?name=legacy-cron', {
      Image: 'busybox:local', Cmd: ['sh', '-c', 'while :; do date; sleep 5; done'],
    });
    await engineCall(portal.socket, 'POST', '/containers/legacy-cron/start');
    const text = shop(await freePort());
    await open(page, '/apps/new');
    await page.locator('input[name=name]').fill('shop');
    await writeCompose(page, text.replace('image: gantry-test/web:1', 'imag: gantry-test/web:1').replace(':8080"', ':x"'));
    await page.locator('.finding--bad').first().waitFor();
    await shoot(page, 'new-app-errors');
    await writeCompose(page, text);
    await page.locator('.change').nth(6).waitFor();
    await shoot(page, 'new-app-preview');
    await page.locator('form button[type=submit]').click();
    await page.locator('.timeline__step').nth(8).waitFor();
    await shoot(page, 'operation-running');
    await expect(page.locator('.page__head').getByText('Succeeded')).toBeVisible({ timeout: 75_000 });
    await shoot(page, 'operation-succeeded');

    for (const [name, image] of [['blog', 'gantry-test/web:2'], ['broken', 'gantry-test/crash:1']]) {
      await open(page, '/apps/new?tab=image');
      await page.locator('input[name=name]').fill(name!);
      await page.locator('input[name=image]').fill(image!);
      await page.locator('.change').first().waitFor();
      if (name === 'blog') await shoot(page, 'new-app-image');
      await page.locator('form button[type=submit]').click();
      await expect(page.locator('.page__head').getByText(name === 'blog' ? 'Succeeded' : 'Failed', { exact: true })).toBeVisible({ timeout: 75_000 });
    }
    await shoot(page, 'operation-failed');

    await open(page, '/apps/new?tab=template');
    await page.locator('.choice').nth(2).click();
    await page.locator('.change').first().waitFor();
    await shoot(page, 'new-app-template');

    await open(page, '/projects/default/apps/shop?tab=compose');
    await writeCompose(page, text.replace('web:1', 'web:2').replace('LEVEL: info', 'LEVEL: debug'));
    await page.locator('.change').nth(3).waitFor();
    await shoot(page, 'app-compose');
    await page.locator('form button[type=submit]').click();
    await expect(page.locator('.page__head').getByText('Succeeded', { exact: true })).toBeVisible({ timeout: 100_000 });
  });

  test('pages', async ({ page, browser }) => {
    const app = '/projects/default/apps/shop';
    const container = '/clusters/local/containers/shop-web-1';
    for (const [name, path, ready] of [
      ['overview', '/', drawn],
      ['apps', '/apps', rows],
      ['app', app, rows],
      ['app-containers', `${app}?tab=containers`, rows],
      ['app-log', `${app}?tab=logs`, lines],
      ['app-metrics', `${app}?tab=stats`, drawn],
      ['app-releases', `${app}?tab=releases`, rows],
      ['app-compare', `${app}?tab=releases&from=1&to=2`, (it: Page) => it.locator('.diff__line--added').first().waitFor()],
      ['app-operations', `${app}?tab=operations`, rows],
      ['app-events', `${app}?tab=events`, rows],
      ['operations', '/operations', rows],
      ['containers', '/clusters/local/containers', rows],
      ['container', container, (it: Page) => it.locator('.card').nth(5).waitFor()],
      ['container-log', '/clusters/local/containers/shop-worker-1?tab=logs', lines],
      ['container-metrics', `${container}?tab=stats`, drawn],
      ['container-inspect', `${container}?tab=inspect`, (it: Page) => it.locator('pre').first().waitFor()],
      ['images', '/clusters/local/images', rows],
      ['image', '/clusters/local/images/gantry-test%2Fweb:1', (it: Page) => it.locator('.card').nth(2).waitFor()],
      ['image-history', '/clusters/local/images/gantry-test%2Fweb:1?tab=history', rows],
      ['networks', '/clusters/local/networks', rows],
      ['volumes', '/clusters/local/volumes', rows],
      ['nodes', '/clusters/local/nodes', rows],
      ['events', '/clusters/local/events', rows],
      ['account', '/account', (it: Page) => it.locator('.card').nth(2).waitFor()],
      ['not-found', '/nowhere', (it: Page) => it.locator('h1').waitFor()],
    ] as const) {
      await open(page, path);
      await ready(page);
      await shoot(page, name);
    }
    await open(page, '/clusters/local/nodes');
    await page.locator('tbody a').first().click();
    await page.locator('.card').nth(2).waitFor();
    await shoot(page, 'node');
    await page.getByRole('link', { name: 'Metrics' }).click();
    await drawn(page);
    await shoot(page, 'node-metrics');

    for (const [name, path, options, ready] of [
      ['overview-dark', '/', dark, drawn],
      ['overview-wide', '/', wide, drawn],
      ['overview-narrow-dark', '/', { ...narrow, ...dark }, drawn],
      ['overview-chinese', '/', chinese, drawn],
      ['app-dark', app, dark, rows],
      ['app-narrow', app, narrow, rows],
      ['app-chinese-dark', app, { ...chinese, ...dark }, rows],
      ['app-log-dark', `${app}?tab=logs`, dark, lines],
      ['app-log-narrow', `${app}?tab=logs`, narrow, lines],
      ['app-metrics-dark', `${app}?tab=stats`, dark, drawn],
      ['containers-dark', '/clusters/local/containers', dark, rows],
      ['containers-wide', '/clusters/local/containers', wide, rows],
      ['containers-narrow', '/clusters/local/containers', narrow, rows],
      ['containers-chinese', '/clusters/local/containers', chinese, rows],
      ['images-chinese-dark', '/clusters/local/images', { ...chinese, ...dark }, rows],
      ['operations-chinese', '/operations', chinese, rows],
    ] as const) {
      await dressed(browser, name, path, options, ready);
    }
  });

  test('things one does', async ({ page }) => {
    await open(page, '/');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('shop');
    await expect(page.getByRole('dialog').getByText('shop-web-1').first()).toBeVisible();
    await shoot(page, 'palette');
    await open(page, '/clusters/local/containers');
    for (const index of [1, 2, 3]) await page.locator('tbody input[type=checkbox]').nth(index).check();
    await shoot(page, 'containers-selected');
    await open(page, '/projects/default/apps/shop');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('dialog').getByRole('textbox').waitFor();
    await shoot(page, 'app-delete');
    await open(page, '/projects/default/apps/shop?tab=logs');
    await lines(page);
    await page.locator('.logs__tools input[type=search]').fill('json');
    await page.locator('.logs__row mark').first().waitFor();
    await page.locator('.logs__unfold').first().click();
    await page.locator('.logs__open').waitFor();
    await shoot(page, 'app-log-search');
    await open(page, '/clusters/local/containers/shop-web-1?tab=terminal');
    for (const [index, command] of ['ls -l /', 'top -n1 | head -8'].entries()) {
      await page.getByRole('button', { name: 'Open terminal' }).click();
      await expect(page.locator('.terminal__foot').nth(index)).toContainText('Connected');
      await page.locator('.xterm-helper-textarea').nth(index).focus();
      await page.keyboard.type(`${command}\n`);
    }
    await expect(page.locator('.xterm-rows').nth(1)).toContainText('Mem');
    await shoot(page, 'container-terminals');
    await page.goto('/docs/api');
    await page.locator('.opblock').first().waitFor();
    await shoot(page, 'api');
  });

  test('an engine that is not there', async ({ browser }) => {
    const address = `127.0.0.1:${await freePort()}`;
    const portal = spawn(process.env.GANTRY_TEST_BINARY!, ['serve'], {
      env: {
        ...process.env, GANTRY_LISTEN: address, GANTRY_DATA_DIR: join(runDirectory, 'alone'),
        GANTRY_DOCKER_HOST: `unix://${join(runDirectory, 'nobody.sock')}`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      let said = '';
      portal.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await expect.poll(() => /http:\S+setup\?token=[\w-]+/.exec(said)?.[0], { timeout: 60_000 }).toBeTruthy();
      const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB' })).newPage();
      await page.goto(/http:\S+setup\?token=[\w-]+/.exec(said)![0]);
      await page.locator('input[name=username]').fill(administrator.username);
      await page.locator('input[name=password]').fill(administrator.password);
      await page.locator('input[name=password_confirm]').fill(administrator.password);
      await page.locator('button[type=submit]').click();
      await expect(page.locator('.figures')).toBeVisible();
      await shoot(page, 'broken-no-engine');
      await page.context().close();
    } finally {
      portal.kill('SIGTERM');
    }
  });
});
