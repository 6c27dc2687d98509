// The browser's language decides, and the switch overrules it.
import { expect, open, test } from '../support/test.js';

test('the page speaks the language of the browser', async ({ page, text, language }) => {
  await open(page, '/');
  await expect(page.locator('html')).toHaveAttribute('lang', language);
  await expect(page.getByRole('heading', { level: 1, name: text('nav.overview') })).toBeVisible();
});
