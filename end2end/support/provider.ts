// A real identity provider for a spec: starts oidc/provider.mjs, and changes what it says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, type Page } from '@playwright/test';

const program = fileURLToPath(new URL('../oidc/provider.mjs', import.meta.url));

export interface Change {
  /** The groups of people from now on. */
  groups?: Record<string, string[]>;
  /** Starts again with another key. */
  rotate?: boolean;
}

export interface Provider {
  /** What it calls itself. */
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Somebody it knows, with the password. */
  person: { username: string; password: string };
  change(change: Change): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one that sends people back to `redirectUri`. */
export async function startProvider(redirectUri: string): Promise<Provider> {
  // What stands in a form and in a header has to be escaped in each in its own way.
  const [clientId, clientSecret, password] = ['gantry end2end', 's/ec&r+t %41', 'frequency hopping'];
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      OIDC_CLIENT_ID: clientId,
      OIDC_CLIENT_SECRET: clientSecret,
      OIDC_REDIRECT_URI: redirectUri,
      OIDC_PASSWORD: password,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const issuer = await new Promise<string>((resolve, reject) => {
    let said = '';
    const read = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = /^issuer (\S+)$/m.exec(said);
      if (found?.[1]) resolve(found[1]);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the identity provider ended with ${code}:\n${said}`)));
  });
  return {
    issuer,
    clientId,
    clientSecret,
    person: { username: 'hedy', password },
    async change(change) {
      const answer = await fetch(`${issuer}/control`, { method: 'POST', body: JSON.stringify(change) });
      expect(answer.status).toBe(204);
    },
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** Signs in on the provider's own page. */
export async function signInThere(page: Page, provider: Provider): Promise<void> {
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in to Corp' })).toBeVisible();
  expect(new URL(page.url()).origin).toBe(provider.issuer);
  await page.getByLabel('Name').fill(provider.person.username);
  await page.getByLabel('Password').fill(provider.person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
