// The page of an operation.
import { expect, type Page } from '@playwright/test';
import type { Text } from '../support/test.js';

export class OperationPage {
  constructor(
    private readonly page: Page,
    private readonly text: Text,
  ) {}

  /** Waits until the operation has ended as the status key says. */
  async expectEnd(key: string): Promise<void> {
    await expect(this.page).toHaveURL(/\/operations\/[0-9A-Z]{26}$/);
    await expect(this.page.locator('.page__head').getByText(this.text(key), { exact: true })).toBeVisible({ timeout: 75_000 });
  }
}
