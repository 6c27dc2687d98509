// Browsers of others than the administrator.
import type { APIResponse, Browser, BrowserContext, Page } from '@playwright/test';
import type { Portal } from './portal.js';

export type State = Awaited<ReturnType<BrowserContext['storageState']>>;

/** Nobody is signed in. */
export const nobody: State = { cookies: [], origins: [] };

/** A browser of somebody else: it has nothing of the administrator's. */
export function another(browser: Browser, portal: Portal, storageState: State): Promise<BrowserContext> {
  return browser.newContext({ baseURL: portal.address, locale: 'en-GB', storageState });
}

/** Asks the API for something that changes, as the page itself would. */
export async function ask(page: Page, portal: Portal, method: string, path: string, data?: object): Promise<APIResponse> {
  const me = await (await page.request.get('/api/v1/me')).json();
  const headers = { origin: portal.address, 'x-csrf-token': me.csrf_token };
  return page.request.fetch(`/api/v1/${path}`, { method, data, headers });
}
