// `make gallery`: the pictures of docs/screenshots, in a portal and an engine of their own.
import { defineConfig } from '@playwright/test';
import common from './playwright.config.js';

export default defineConfig({
  ...common,
  testDir: './gallery',
  projects: [{ name: 'gallery', use: { locale: 'en-GB' } }],
});
