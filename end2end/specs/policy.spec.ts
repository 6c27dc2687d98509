// What may run: the policy of a project is changed, refused with the field that is wrong, and kept.
import { expect, hydrated, open, test } from '../support/test.js';

test('an administrator allows a rule and a folder, and takes them back', async ({ page, text }) => {
  await open(page, '/projects/default');
  const parts = page.getByRole('navigation', { name: text('projects.parts') });
  await parts.getByRole('link', { name: text('policy.title') }).click();
  const rule = page.getByRole('switch', { name: text('policy.rule_sysctls') });
  const folder = page.getByLabel(text('policy.root', { number: 1 }), { exact: true });
  const save = page.getByRole('button', { name: text('policy.save') });
  const saved = page.getByText(text('policy.saved', { project: 'default' })).first();

  await expect(page.getByText(text('policy.no_roots'))).toBeVisible();
  await expect(rule).not.toBeChecked();
  await rule.check();
  await page.getByRole('button', { name: text('policy.add_root') }).click();
  await folder.fill('/etc/shop');
  await save.click();
  await expect(page.getByRole('listitem').filter({ has: folder }).getByRole('alert')).toContainText('/etc');
  await folder.fill('/srv/shop');
  await save.click();
  await expect(saved).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);

  await page.reload();
  await hydrated(page);
  await expect(rule).toBeChecked();
  await expect(folder).toHaveValue('/srv/shop');
  await rule.uncheck();
  await page.getByRole('button', { name: text('policy.remove_root', { number: 1 }) }).click();
  await save.click();
  await expect(saved).toBeVisible();

  await page.reload();
  await hydrated(page);
  await expect(rule).not.toBeChecked();
  await expect(page.getByText(text('policy.no_roots'))).toBeVisible();
});
