// One portal, one engine, one sign-in for the whole run; each language is a project of its own.
import { defineConfig } from '@playwright/test';
import { stateFile } from './support/portal.js';

const chromium = process.env.GANTRY_TEST_CHROMIUM ?? '/usr/bin/chromium';

export default defineConfig({
  testDir: './specs',
  outputDir: process.env.GANTRY_TEST_OUTPUT ?? './test-results',
  globalSetup: './support/start.ts',
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync',
      ],
    },
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'setup', testMatch: /setup\.spec\.ts/ },
    { name: 'en', testIgnore: /setup\.spec\.ts/, dependencies: ['setup'], use: { locale: 'en-GB', storageState: stateFile } },
    {
      name: 'zh-CN',
      testMatch: /story\.spec\.ts|language\.spec\.ts/,
      dependencies: ['setup'],
      use: { locale: 'zh-CN', storageState: stateFile },
    },
  ],
});
