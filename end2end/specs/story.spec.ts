// The whole story, in each language: deploy a Compose file, watch it, read its logs, open a terminal, see its figures,
// update, go back, remove.
import { AppPage, writeCompose } from '../pages/app.js';
import { OperationPage } from '../pages/operation.js';
import { containersOf } from '../support/engine.js';
import { expect, open, test } from '../support/test.js';

test.describe.configure({ mode: 'serial' });

const compose = (version: number, extra = ''): string => `services:
  web:
    image: gantry-test/web:${version}
    deploy:
      replicas: 2
    depends_on:
      cache:
        condition: service_started
${extra}  cache:
    image: gantry-test/chatty:1
    volumes:
      - data:/data
volumes:
  data:
`;

const nameOf = (language: string): string => `shop-${language.toLowerCase()}`;

test('a Compose file is checked, previewed, deployed and watched', async ({ page, portal, text, language }) => {
  const name = nameOf(language);
  await open(page, '/apps/new');
  await page.locator('input[name=name]').fill(name);
  await writeCompose(page, 'services:\n  web:\n    imag: gantry-test/web:1\n');
  await expect(page.locator('.finding--bad').first()).toBeVisible();
  await expect(page.locator('.cm-lintRange-error, .cm-lint-marker-error').first()).toBeVisible();
  const deploy = page.getByRole('button', { name: text('apps.deploy'), exact: true });
  await expect(deploy).toBeDisabled();

  await writeCompose(page, compose(1));
  await expect(page.locator('.change').filter({ hasText: `${name}-web-2` })).toBeVisible();
  await deploy.click();
  const operation = new OperationPage(page, text);
  await operation.expectEnd('status.succeeded');
  await expect(page.locator('.timeline__step').first()).toBeVisible();

  const running = await containersOf(portal.socket, name);
  expect(running.map((it) => it.Names[0]).sort()).toEqual([`/${name}-cache-1`, `/${name}-web-1`, `/${name}-web-2`]);
  // The same timeline again, as somebody who gets the link sees it.
  const steps = await page.locator('.timeline__step').count();
  await page.reload();
  await expect(page.locator('.timeline__step')).toHaveCount(steps);
});

test('the merged log follows, is searched and filtered', async ({ page, text, language }) => {
  const app = new AppPage(page, text, nameOf(language));
  await app.open('logs');
  const rows = page.locator('.logs__row');
  await expect(rows.filter({ hasText: /line \d+/ }).first()).toBeVisible();
  await expect(page.locator('.logs__source').first()).toHaveText(new RegExp(nameOf(language)));
  await expect(page.locator('.logs__row .ansi-2').first()).toBeVisible();
  await page.getByRole('searchbox', { name: text('logs.search') }).fill('json');
  await expect(page.locator('.logs__row mark').first()).toBeVisible();
  await page.locator('.logs__unfold').first().click();
  await expect(page.locator('.logs__open')).toContainText('"level": "info"');
});

test('the log keeps to its end until somebody scrolls up, and can be narrowed to a service', async ({ page, text, language }) => {
  const app = new AppPage(page, text, nameOf(language));
  await app.open('logs');
  const [rows, scroll, follow] = [
    page.locator('.logs__row'), page.locator('.logs__scroll'), page.getByRole('button', { name: text('logs.follow'), exact: true }),
  ];
  const left = (): Promise<number> => scroll.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight);
  const place = (): Promise<number> => scroll.evaluate((it) => it.scrollTop);
  const last = (): Promise<string> => rows.last().innerText();
  await expect(rows.nth(30)).toBeAttached();
  const first = await last();
  await expect.poll(last).not.toBe(first);
  await expect(follow).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(left).toBeLessThan(4);

  await scroll.hover();
  await page.mouse.wheel(0, -300);
  await expect(follow).toHaveAttribute('aria-pressed', 'false');
  // The wheel moves the list for a while.
  let reading = -1;
  await expect.poll(async () => reading === (reading = await place())).toBe(true);
  const before = await left();
  await expect.poll(left).toBeGreaterThan(before + 60);
  expect(await place()).toBe(reading);
  await follow.click();
  await expect.poll(left).toBeLessThan(4);

  await page.getByRole('combobox', { name: text('apps.service') }).selectOption('web');
  await expect(rows.filter({ hasText: /line \d+/ })).toHaveCount(0);
});

test('every tab opens without an error in the console', async ({ page, portal, language }) => {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${page.url()} ${message.text()}`);
  });
  page.on('pageerror', (error) => errors.push(`${page.url()} ${error}`));
  const name = nameOf(language);
  const web = (await containersOf(portal.socket, name)).find((it) => it.Names[0].endsWith('-web-1'));
  for (const path of [`/projects/default/apps/${name}`, `/clusters/local/containers/${web.Id}`, '/clusters/local/images/gantry-test%2Fweb:1']) {
    await open(page, path);
    const tabs = await page.locator('nav.tabs a').evaluateAll((all) => all.map((it) => it.getAttribute('href') ?? ''));
    expect(tabs.length).toBeGreaterThan(2);
    for (const tab of tabs) {
      await open(page, path + tab);
      await expect(page.locator('nav.tabs a[aria-current]')).toHaveAttribute('href', tab);
    }
  }
  expect(errors).toEqual([]);
});

test('a terminal in a container runs what is typed', async ({ page, portal, language, text }) => {
  const web = (await containersOf(portal.socket, nameOf(language))).find((it) => it.Names[0].endsWith('-web-1'));
  await open(page, `/clusters/local/containers/${web.Id}?tab=terminal`);
  await page.getByRole('button', { name: text('terminal.new') }).click();
  await expect(page.getByText(text('terminal.open'))).toBeVisible();
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.type('echo $((6*7))-$HOSTNAME; exit 3');
  await page.keyboard.press('Enter');
  await expect(page.getByText(text('terminal.ended', { code: 3 }))).toBeVisible();
  await expect(page.locator('.xterm-rows')).toContainText('42-');
});

test('charts show what an app uses', async ({ page, text, language }) => {
  const app = new AppPage(page, text, nameOf(language));
  await app.open('stats');
  await expect(page.locator('.chart__line--1').first()).toBeVisible();
  await expect(page.locator('.chart')).toHaveCount(4);
});

test('an update shows what changes, and a release can be gone back to', async ({ page, portal, text, language }) => {
  const name = nameOf(language);
  const app = new AppPage(page, text, name);
  await app.deploy(compose(2));
  const operation = new OperationPage(page, text);
  await operation.expectEnd('status.succeeded');
  const images = async (): Promise<string[]> =>
    (await containersOf(portal.socket, name)).filter((it) => it.Labels['com.docker.compose.service'] === 'web').map((it) => it.Image);
  expect(await images()).toEqual(['gantry-test/web:2', 'gantry-test/web:2']);

  await open(page, `/projects/default/apps/${name}?tab=releases&from=1&to=2`);
  await expect(page.locator('.diff__line--added')).toContainText('gantry-test/web:2');
  await page.getByRole('row').filter({ hasText: '#1' }).getByRole('button').last().click();
  await page.getByRole('menuitem', { name: text('apps.roll_back') }).click();
  await page.getByRole('dialog').getByRole('button', { name: text('apps.roll_back') }).click();
  await expect.poll(images, { timeout: 60_000 }).toEqual(['gantry-test/web:1', 'gantry-test/web:1']);
});

test('a failed update leaves what runs running, and says why', async ({ page, portal, text, language }) => {
  const name = nameOf(language);
  const app = new AppPage(page, text, name);
  await app.expectStateAt('status.running');
  await app.deploy(compose(1).replace('gantry-test/web:1', 'gantry-test/crash:1'));
  const operation = new OperationPage(page, text);
  await operation.expectEnd('status.failed');
  await expect(page.locator('.timeline__output').filter({ hasText: 'cannot read /etc/app.conf' }).first()).toBeVisible();
  const web = (await containersOf(portal.socket, name)).filter((it) => it.Labels['com.docker.compose.service'] === 'web');
  expect(web.map((it) => [it.Image, it.State])).toEqual([
    ['gantry-test/web:1', 'running'],
    ['gantry-test/web:1', 'running'],
  ]);
});

test('a service is scaled, and the app is deleted after its name is typed', async ({ page, portal, text, language }) => {
  const name = nameOf(language);
  const app = new AppPage(page, text, name);
  await app.expectStateAt('status.running');
  await app.service('web').getByRole('button', { name: text('apps.one_more', { service: 'web' }) }).click();
  await expect.poll(async () => (await containersOf(portal.socket, name)).length, { timeout: 45_000 }).toBe(4);
  await app.expectStateAt('status.running');
  await page.getByRole('button', { name: text('action.delete'), exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: text('action.delete') })).toBeDisabled();
  await dialog.getByRole('textbox').fill(name);
  await dialog.getByRole('button', { name: text('action.delete') }).click();
  await expect.poll(async () => (await containersOf(portal.socket, name)).length, { timeout: 60_000 }).toBe(0);
});
