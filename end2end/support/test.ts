// The `test` of all specs: knows the portal, the language, and waits for hydration instead of time.
import { readFileSync } from 'node:fs';
import { test as base, expect, type Page } from '@playwright/test';
import { factsFile, type Portal } from './portal.js';

type Catalogue = { [key: string]: string | Catalogue };

function catalogue(language: string): Catalogue {
  return JSON.parse(readFileSync(new URL(`../../app/locales/${language}.json`, import.meta.url), 'utf8'));
}

/** Looks texts up in the console's own catalogue, so that a spec runs in each language. */
export type Text = (key: string, params?: Record<string, string | number>) => string;

function texts(language: string): Text {
  const all = catalogue(language);
  return (key, params = {}) => {
    let node: string | Catalogue | undefined = all;
    for (const part of key.split('.')) node = typeof node === 'object' ? node[part] : undefined;
    if (typeof node !== 'string') throw new Error(`no text ${key} in ${language}.json`);
    return node.replace(/{{\s*(\w+)\s*}}/g, (_, name: string) => String(params[name] ?? `{{${name}}}`));
  };
}

export const test = base.extend<{ portal: Portal; text: Text; language: string }>({
  portal: async ({}, use) => use(JSON.parse(readFileSync(factsFile, 'utf8'))),
  language: async ({ locale }, use) => use(locale?.startsWith('zh') ? 'zh-CN' : 'en'),
  text: async ({ language }, use) => use(texts(language)),
  baseURL: async ({}, use) => use(JSON.parse(readFileSync(factsFile, 'utf8')).address),
});

/** Opens a page and waits until it answers to clicks. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

/** Waits until the page in view answers to clicks. */
export async function hydrated(page: Page): Promise<void> {
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
}

export { expect };
