// The parts of the console that a page loads.
import { expect, hydrated, test } from '../support/test.js';

test('a page whose parts are lost on the way at first comes to life all the same', async ({ page, text }) => {
  const lost = new Set<string>();
  await page.route('**/pkg/*.wasm', (route) => {
    const { pathname } = new URL(route.request().url());
    if (lost.has(pathname)) return route.continue();
    lost.add(pathname);
    return route.abort('failed');
  });
  await page.goto('/projects');
  await hydrated(page);
  expect(lost.size).toBeGreaterThan(1);
  await page.getByRole('button', { name: text('projects.new') }).click();
  await expect(page.getByRole('dialog', { name: text('projects.new') })).toBeVisible();
});
