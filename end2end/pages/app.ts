// The page of an app.
import { expect, type Locator, type Page } from '@playwright/test';
import { hydrated, open, type Text } from '../support/test.js';

export class AppPage {
  constructor(
    private readonly page: Page,
    private readonly text: Text,
    private readonly name: string,
  ) {}

  async open(tab = ''): Promise<void> {
    await open(this.page, `/projects/default/apps/${this.name}${tab && `?tab=${tab}`}`);
  }

  /** The row of a service on the first tab. */
  service(name: string): Locator {
    return this.page.getByRole('row').filter({ has: this.page.getByRole('link', { name, exact: true }) });
  }

  async expectState(key: string): Promise<void> {
    await expect(this.page.locator('.page__head').getByText(this.text(key), { exact: true })).toBeVisible({ timeout: 60_000 });
  }

  /** Opens the first tab and waits until the app stands so. */
  async expectStateAt(key: string): Promise<void> {
    await this.open();
    await this.expectState(key);
  }

  /** Writes another Compose file and deploys it. */
  async deploy(compose: string): Promise<void> {
    await this.open('compose');
    await writeCompose(this.page, compose);
    await this.page.getByRole('button', { name: this.text('apps.deploy_release') }).click();
    await hydrated(this.page);
  }
}

/** Puts a text into the Compose editor. */
export async function writeCompose(page: Page, compose: string): Promise<void> {
  const editor = page.locator('.cm-content');
  await editor.waitFor();
  await editor.click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.press('Delete');
  // Pasted as a person would paste it: typing would be indented by the editor.
  await editor.evaluate((element, text) => {
    const data = new DataTransfer();
    data.setData('text/plain', text);
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, compose);
}
