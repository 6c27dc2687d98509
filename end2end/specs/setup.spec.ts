// The first visit: the printed link makes the administrator, once, without JavaScript; then signing in and out.
import { administrator, stateFile } from '../support/portal.js';
import { expect, open, test } from '../support/test.js';

test.describe.configure({ mode: 'serial' });

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false, locale: 'en-GB' });

  test('the printed link makes the first administrator, and works once', async ({ page, portal, text }) => {
    await page.goto(portal.setupLink);
    await page.locator('input[name=username]').fill(administrator.username);
    await page.locator('input[name=password]').fill(administrator.password);
    await page.locator('input[name=password_confirm]').fill(administrator.password);
    await page.getByRole('button', { name: text('setup.submit') }).click();
    await expect(page.getByRole('heading', { level: 1, name: text('nav.overview') })).toBeVisible();

    const again = await page.request.get(portal.setupLink);
    expect(again.status()).toBe(404);
  });

  test('a wrong password is refused, the right one lets in, and rows are there without scripts', async ({ page, portal, text }) => {
    await page.goto(`${portal.address}/clusters/local/containers`);
    await expect(page).toHaveURL(/\/login\?next=/);
    await page.locator('input[name=username]').fill(administrator.username);
    await page.locator('input[name=password]').fill('not the password');
    await page.getByRole('button', { name: text('login.submit') }).click();
    await expect(page.getByText(text('login.wrong'))).toBeVisible();
    await page.locator('input[name=username]').fill(administrator.username);
    await page.locator('input[name=password]').fill(administrator.password);
    await page.getByRole('button', { name: text('login.submit') }).click();
    await expect(page.getByRole('heading', { level: 1, name: text('nav.containers') })).toBeVisible();
  });
});

test('signing in leads back to where one wanted to go', async ({ page, text }) => {
  await page.goto('/apps');
  await page.locator('input[name=username]').fill(administrator.username);
  await page.locator('input[name=password]').fill(administrator.password);
  await page.getByRole('button', { name: text('login.submit') }).click();
  await expect(page).toHaveURL(/\/apps$/);
  await open(page, '/apps');
  await expect(page.getByText(text('apps.empty'), { exact: true })).toBeVisible();
  await page.context().storageState({ path: stateFile });
});
