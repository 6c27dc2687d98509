// Rows of tables, and what can be done to them.
import type { Locator, Page } from '@playwright/test';
import { expect, type Text } from '../support/test.js';

/** The row in which a name stands. */
export function rowOf(page: Page, name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
}

/** Chooses an action of a row's menu. */
export async function choose(page: Page, text: Text, name: string, action: string): Promise<void> {
  await rowOf(page, name).getByRole('button', { name: text('table.actions_of', { name }) }).click();
  await page.getByRole('menuitem', { name: text(action), exact: true }).click();
}

/** Chooses an action of a row's menu, and answers what is asked before. */
export async function act(
  page: Page,
  text: Text,
  name: string,
  action: string,
  question: string,
  typed = '',
): Promise<void> {
  await choose(page, text, name, action);
  await confirm(page, text, action, question, typed);
}

/** Answers what is asked before something is lost. */
export async function confirm(page: Page, text: Text, action: string, question: string, typed = ''): Promise<void> {
  const dialog = page.getByRole('dialog', { name: text(question) });
  const button = dialog.getByRole('button', { name: text(action), exact: true });
  if (typed) {
    await expect(button).toBeDisabled();
    await dialog.getByRole('textbox').fill(typed);
  }
  await button.click();
  await expect(dialog).toHaveCount(0);
}
