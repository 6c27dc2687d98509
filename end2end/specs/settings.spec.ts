// The settings of the portal: an announcement above every page and the sign-in, and why passwords cannot be restricted.
import type { Locator, Page } from '@playwright/test';
import { another, nobody } from '../support/people.js';
import { choose, rowOf } from '../pages/table.js';
import { administrator } from '../support/portal.js';
import { expect, hydrated, open, test, type Text } from '../support/test.js';

test.describe.configure({ mode: 'serial' });

const said = 'Moving house on <b>Friday</b>.\nBack at nine.';

const banner = (page: Page, text: Text): Locator => page.getByRole('region', { name: text('announcement.label'), exact: true });

test('an announcement stands above other pages and the sign-in, until it is put away or removed', async ({ browser, page, portal, text }) => {
  await open(page, '/');
  const navigation = page.getByRole('navigation', { name: text('frame.navigation') });
  await navigation.getByRole('link', { name: text('nav.settings') }).click();
  await expect(page.getByRole('heading', { level: 1, name: text('nav.settings') })).toBeVisible();
  await page.getByLabel(text('portal.text'), { exact: true }).fill(said);
  await expect(banner(page, text)).toHaveCount(1);
  await page.getByRole('button', { name: text('portal.save_announcement') }).click();
  // The preview, and the page's own.
  await expect(banner(page, text)).toHaveCount(2);

  await open(page, '/projects');
  await expect(banner(page, text)).toContainText('<b>Friday</b>');
  expect(await banner(page, text).locator('p').innerText()).toBe(said);
  const context = await another(browser, portal, nobody);
  const theirs = await context.newPage();
  await open(theirs, '/login');
  await expect(banner(theirs, text)).toContainText('Back at nine.');
  await banner(theirs, text).getByRole('button', { name: text('announcement.dismiss') }).click();
  await expect(banner(theirs, text)).toHaveCount(0);
  await open(theirs, '/login');
  await expect(theirs.getByRole('button', { name: text('login.submit') })).toBeVisible();
  await expect(banner(theirs, text)).toHaveCount(0);

  await open(page, '/settings');
  await expect(page.getByLabel(text('portal.text'), { exact: true })).toHaveValue(said);
  await page.getByLabel(text('portal.tone'), { exact: true }).selectOption('warning');
  await page.getByLabel(text('portal.until'), { exact: true }).fill('2999-12-31T23:59');
  await page.getByRole('button', { name: text('portal.save_announcement') }).click();
  await expect(page.getByText(text('portal.kept')).first()).toBeVisible();
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel(text('portal.until'), { exact: true })).toHaveValue('2999-12-31T23:59');
  await open(theirs, '/login');
  await expect(banner(theirs, text)).toBeVisible();
  await expect(banner(theirs, text).getByRole('button')).toHaveCount(0);

  await page.getByRole('button', { name: text('portal.remove') }).click();
  await expect(banner(page, text)).toHaveCount(0);
  await open(theirs, '/login');
  await expect(theirs.getByRole('button', { name: text('login.submit') })).toBeVisible();
  await expect(banner(theirs, text)).toHaveCount(0);
  await context.close();
});

test('passwords cannot be restricted before somebody stays able to get in', async ({ page, text }) => {
  await open(page, '/settings');
  const restrict = page.getByRole('radio', { name: text('portal.passwords_break_glass') });
  await expect(restrict).toBeDisabled();
  await expect(page.getByText(text('portal.condition_account', { count: 0 }))).toBeVisible();
  await expect(page.getByText(text('portal.not_ready'))).toBeVisible();

  await open(page, '/users');
  await choose(page, text, administrator.username, 'users.break_glass_give');
  await expect(rowOf(page, administrator.username)).toContainText(text('users.break_glass'));
  await open(page, '/settings');
  await expect(page.getByText(text('portal.condition_account', { count: 1 }))).toBeVisible();
  await expect(restrict).toBeDisabled();
  await open(page, '/users');
  await choose(page, text, administrator.username, 'users.break_glass_take');
  await expect(rowOf(page, administrator.username)).not.toContainText(text('users.break_glass'));
});
