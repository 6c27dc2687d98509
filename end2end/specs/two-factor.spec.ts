// A second factor: switched on with an app's code, asked for at sign-in, switched off by an administrator.
import { createHmac } from 'node:crypto';
import type { Page } from '@playwright/test';
import { another, ask, nobody } from '../support/people.js';
import { act, rowOf } from '../pages/table.js';
import { expect, hydrated, open, test, type Text } from '../support/test.js';

test.describe.configure({ mode: 'serial' });

const person = { username: 'hedy', password: 'frequencies that hop around' };
const STEP_SECS = 30;

/** What one test leaves to the next. */
let secret = '';
let codes: string[] = [];
let lastStep = 0;

function bytesOf(base32: string): Buffer {
  const bits = [...base32].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

/** The code of a step (RFC 6238). */
function codeAt(step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', bytesOf(secret)).update(counter).digest();
  const offset = (mac[mac.length - 1] ?? 0) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** A code that was not used yet: that of now, or the next one, which also works. */
function freshCode(): string {
  lastStep = Math.max(Math.floor(Date.now() / 1000 / STEP_SECS), lastStep + 1);
  return codeAt(lastStep);
}

async function signIn(page: Page, text: Text): Promise<void> {
  await page.goto('/login?next=%2Faccount');
  await page.getByLabel(text('gate.username'), { exact: true }).fill(person.username);
  await page.getByLabel(text('gate.password'), { exact: true }).fill(person.password);
  await page.getByRole('button', { name: text('login.submit') }).click();
}

async function enter(page: Page, text: Text, label: string, code: string): Promise<void> {
  await page.getByLabel(text(label), { exact: true }).fill(code);
  await page.getByRole('button', { name: text('login.submit') }).click();
}

test('an account is switched to two factors with a code of its app', async ({ browser, page, portal, text }) => {
  await open(page, '/users');
  const made = await (await ask(page, portal, 'POST', 'users', { username: person.username })).json();
  const token = new URL(made.link).searchParams.get('token');
  const context = await another(browser, portal, nobody);
  const chosen = await context.request.post('/api/v1/invitation', {
    data: { token, password: person.password },
    headers: { origin: portal.address },
  });
  expect(chosen.status()).toBe(204);
  const theirs = await context.newPage();
  await open(theirs, '/account');
  await theirs.getByRole('button', { name: text('two_factor.enable'), exact: true }).click();
  const dialog = theirs.getByRole('dialog', { name: text('two_factor.title') });
  await dialog.getByLabel(text('account.current_password'), { exact: true }).fill('not the password');
  await dialog.getByRole('button', { name: text('two_factor.next'), exact: true }).click();
  await expect(dialog.getByRole('alert').first()).toBeVisible();
  await dialog.getByLabel(text('account.current_password'), { exact: true }).fill(person.password);
  await dialog.getByRole('button', { name: text('two_factor.next'), exact: true }).click();
  await expect(dialog.getByRole('img', { name: text('two_factor.picture') })).toBeVisible();
  secret = (await dialog.getByRole('region', { name: text('two_factor.secret'), exact: true }).innerText()).trim();
  expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  const code = dialog.getByLabel(text('two_factor.code'), { exact: true });
  await code.fill('12345');
  await dialog.getByRole('button', { name: text('two_factor.confirm'), exact: true }).click();
  await expect(dialog.getByRole('alert').first()).toBeVisible();
  await code.fill(freshCode());
  await dialog.getByRole('button', { name: text('two_factor.confirm'), exact: true }).click();
  const shown = dialog.getByRole('region', { name: text('two_factor.codes'), exact: true });
  codes = (await shown.innerText()).trim().split(/\s+/);
  expect(codes).toHaveLength(10);
  const [download] = await Promise.all([
    theirs.waitForEvent('download'),
    dialog.getByRole('link', { name: text('two_factor.download') }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('gantry-recovery-codes.txt');
  await dialog.getByRole('button', { name: text('account.secret_kept') }).click();
  await expect(dialog).toHaveCount(0);
  await expect(theirs.getByText(text('two_factor.codes_left'))).toBeVisible();
  // Both were shown that once.
  await theirs.reload();
  await expect(theirs.getByText(text('two_factor.codes_left'))).toBeVisible();
  for (const it of [secret, ...codes]) expect(await theirs.content()).not.toContain(it);
  await context.close();
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with' : 'without';
  test(`the code is asked for after the password, ${how} JavaScript`, async ({ browser, portal, text }) => {
    const options = { baseURL: portal.address, locale: 'en-GB', storageState: nobody, javaScriptEnabled };
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await signIn(page, text);
    await expect(page.getByRole('heading', { level: 1, name: text('login.code_title') })).toBeVisible();
    await enter(page, text, 'login.code', '12345');
    await expect(page.getByRole('alert')).toHaveText(text('login.code_wrong'));
    await page.getByRole('link', { name: text('login.use_recovery') }).click();
    await enter(page, text, 'login.recovery_code', codes.pop() ?? '');
    await expect(page).toHaveURL(`${portal.address}/account`);
    await context.close();
  });
}

test('a code of the app lets in', async ({ browser, portal, text }) => {
  const context = await another(browser, portal, nobody);
  const page = await context.newPage();
  await signIn(page, text);
  await enter(page, text, 'login.code', freshCode());
  await expect(page).toHaveURL(`${portal.address}/account`);
  await hydrated(page);
  await expect(page.getByText(text('two_factor.codes_left'))).toBeVisible();
  await context.close();
});

test('an administrator switches it off for whoever lost the device', async ({ browser, page, portal, text }) => {
  await open(page, '/users');
  await act(page, text, person.username, 'users.reset_two_factor', 'users.reset_two_factor_question');
  const context = await another(browser, portal, nobody);
  const theirs = await context.newPage();
  await signIn(theirs, text);
  await expect(theirs).toHaveURL(`${portal.address}/account`);
  await hydrated(theirs);
  await expect(theirs.getByRole('button', { name: text('two_factor.enable'), exact: true })).toBeVisible();
  await context.close();

  await open(page, '/users');
  await act(page, text, person.username, 'action.delete', 'users.delete_question', person.username);
  await expect(rowOf(page, person.username)).toHaveCount(0);
});
