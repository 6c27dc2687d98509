// Quotas: what a project may use is changed, refused with the field that is wrong, shown as bars, and taken back.
import { expect, hydrated, open, test } from '../support/test.js';

test('an administrator limits a project, and lifts the limits again', async ({ page, text }) => {
  await open(page, '/projects/default');
  const parts = page.getByRole('navigation', { name: text('projects.parts') });
  await parts.getByRole('link', { name: text('quota.title') }).click();
  const containers = page.getByLabel(text('quota.containers'), { exact: true }).and(page.getByRole('textbox'));
  const memory = page.getByLabel(text('quota.memory'), { exact: true }).and(page.getByRole('textbox'));
  const bars = page.getByRole('progressbar');
  const save = page.getByRole('button', { name: text('quota.save') });
  const saved = page.getByText(text('quota.saved', { project: 'default' })).first();

  await expect(bars).toHaveCount(0);
  await containers.fill('many');
  await save.click();
  await expect(page.getByRole('alert').filter({ hasText: 'many' })).toBeVisible();
  await containers.fill('500');
  await memory.fill('640 GiB');
  await save.click();
  await expect(saved).toBeVisible();
  await expect(bars).toHaveCount(2);

  await page.reload();
  await hydrated(page);
  await expect(containers).toHaveValue('500');
  await expect(memory).toHaveValue('640 GiB');
  await expect(bars).toHaveCount(2);
  await containers.fill('');
  await memory.fill('');
  await save.click();
  await expect(saved).toBeVisible();
  await expect(bars).toHaveCount(0);
});
