// Sign-in with a real identity provider: added, tried, switched on, used, changed and switched off.
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { act, confirm, rowOf } from '../pages/table.js';
import type { Portal } from '../support/portal.js';
import { signInThere, startProvider, type Provider } from '../support/provider.js';
import { another, ask, nobody } from '../support/people.js';
import { expect, hydrated, open, test, type Text } from '../support/test.js';

test.describe.configure({ mode: 'serial' });

const slug = 'corp';
const name = 'Corp & Co';
const admins = 'gantry-admins';

let provider: Provider;

test.afterAll(async () => provider?.stop());

/** A browser in which the person of the provider signed in to the portal. */
async function signedIn(browser: Browser, portal: Portal, text: Text): Promise<{ context: BrowserContext; page: Page }> {
  const context = await another(browser, portal, nobody);
  const page = await context.newPage();
  await page.goto('/projects');
  await expect(page).toHaveURL(/\/login\?next=%2Fprojects$/);
  await page.getByRole('link', { name: text('login.provider', { name }) }).click();
  await signInThere(page, provider);
  await expect(page).toHaveURL(`${portal.address}/projects`);
  await hydrated(page);
  return { context, page };
}

async function role(context: BrowserContext): Promise<string> {
  const answer = await context.request.get('/api/v1/me');
  expect(answer.status()).toBe(200);
  const { user } = await answer.json();
  expect(user.username).toBe(provider.person.username);
  return user.role;
}

test('an administrator adds a provider, which is off until it was tried', async ({ page, portal, text }) => {
  provider = await startProvider(`${portal.address}/auth/providers/${slug}/callback`);
  await open(page, '/providers');
  await page.getByRole('link', { name: text('providers.new') }).click();
  await page.getByRole('link', { name: text('presets.generic') }).click();
  const fill = (label: string, value: string): Promise<void> => page.getByLabel(text(label), { exact: true }).fill(value);
  await fill('providers.name', name);
  await fill('providers.slug', slug);
  await fill('providers.issuer', 'file:///etc/passwd');
  await fill('providers.client_id', provider.clientId);
  await fill('providers.secret', provider.clientSecret);
  await fill('providers.scopes', 'profile email groups');
  await fill('providers.groups_claim', 'groups');
  await fill('providers.admin_groups', admins);
  await page.getByLabel(text('providers.newcomers'), { exact: true }).selectOption('create');
  const create = page.getByRole('button', { name: text('providers.create') });
  await create.click();
  await expect(page.getByLabel(text('providers.issuer'), { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await fill('providers.issuer', provider.issuer);
  await create.click();
  await expect(page).toHaveURL(new RegExp(`/providers/${slug}$`));
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  await expect(page.getByText(text('providers.trial_none'))).toBeVisible();
  await expect(page.getByRole('switch', { name: text('providers.enabled') })).toBeDisabled();
  await expect(page.getByText(`${portal.address}/auth/providers/${slug}/callback`).first()).toBeVisible();
  expect(await page.content()).not.toContain(provider.clientSecret);
  expect((await page.request.get(`/auth/providers/${slug}/start`, { maxRedirects: 0 })).status()).toBe(404);
});

test('the trial shows who one is there, and lets the provider be switched on', async ({ browser, page, portal, text }) => {
  await open(page, `/providers/${slug}`);
  await page.getByRole('button', { name: text('providers.trial_start') }).click();
  await signInThere(page, provider);
  await expect(page).toHaveURL(`${portal.address}/providers/${slug}`);
  await expect(page.getByText(text('providers.trial_worked'), { exact: true })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('film');
  await hydrated(page);
  const users = await (await page.request.get('/api/v1/users?q=hedy')).json();
  expect(users.total).toBe(0);

  const toggle = page.getByRole('switch', { name: text('providers.enabled') });
  await expect(toggle).toHaveAttribute('aria-checked', 'false');
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-checked', 'true');
  await open(page, '/providers');
  await expect(rowOf(page, name)).toContainText(text('status.on'));

  const context = await another(browser, portal, nobody);
  const login = await context.newPage();
  await login.goto('/login');
  await expect(login.getByRole('link', { name: text('login.provider', { name }) })).toBeVisible();
  await context.close();
});

test('somebody new signs in with it and is a member', async ({ browser, page, portal, text }) => {
  const { context, page: theirs } = await signedIn(browser, portal, text);
  expect(await role(context)).toBe('member');
  const navigation = theirs.getByRole('navigation', { name: text('frame.navigation') });
  await expect(navigation.getByRole('link', { name: text('nav.projects') })).toBeVisible();
  await expect(navigation.getByRole('link', { name: text('nav.providers') })).toHaveCount(0);
  expect((await context.request.get('/api/v1/providers')).status()).toBe(403);
  await open(theirs, '/account');
  await expect(theirs.getByRole('row').filter({ hasText: name })).toContainText('hedy@corp.example');
  await context.close();
  await open(page, '/users');
  await expect(rowOf(page, provider.person.username)).toContainText(text('status.active'));
});

test('another group there makes an administrator here, from the next sign-in on', async ({ browser, portal, text }) => {
  await provider.change({ groups: { hedy: ['film', admins] } });
  const { context, page } = await signedIn(browser, portal, text);
  expect(await role(context)).toBe('admin');
  await page
    .getByRole('navigation', { name: text('frame.navigation') })
    .getByRole('link', { name: text('nav.users') })
    .click();
  await expect(rowOf(page, provider.person.username)).toBeVisible();
  await context.close();

  await provider.change({ groups: { hedy: ['film'] } });
  const { context: later } = await signedIn(browser, portal, text);
  expect(await role(later)).toBe('member');
  await later.close();
});

test('whoever is in a group of a team has its role, until the group is taken out', async ({ browser, page, portal, text }) => {
  const [project, team, pattern] = ['studio', 'crew', 'fi*'];
  expect((await ask(page, portal, 'POST', 'projects', { name: project })).status()).toBe(201);
  expect((await ask(page, portal, 'POST', 'teams', { name: team })).status()).toBe(201);
  expect((await ask(page, portal, 'PUT', `projects/${project}/teams/${team}`, { role: 'guest' })).status()).toBe(200);
  await open(page, `/teams/${team}`);
  await expect(page.getByText(text('teams.no_groups'), { exact: true })).toBeVisible();
  const group = page.getByLabel(text('teams.group_name'), { exact: true });
  const add = page.getByRole('button', { name: text('teams.add_group') });
  await group.fill('*****');
  await add.click();
  await expect(group).toHaveAttribute('aria-invalid', 'true');
  await group.fill(pattern);
  await add.click();
  await expect(rowOf(page, pattern)).toContainText(name);
  await expect(group).toHaveValue('');

  const { context, page: theirs } = await signedIn(browser, portal, text);
  await expect(rowOf(theirs, project)).toContainText(text('members.guest'));
  await open(theirs, `/teams/${team}`);
  await expect(rowOf(theirs, pattern)).toContainText(name);
  await expect(theirs.getByRole('button', { name: text('teams.add_group') })).toHaveCount(0);

  await rowOf(page, pattern).getByRole('button', { name: text('action.remove'), exact: true }).click();
  await confirm(page, text, 'action.remove', 'teams.remove_group_question');
  await expect(page.getByText(text('teams.no_groups'), { exact: true })).toBeVisible();
  for (const path of [`projects/${project}`, `teams/${team}`]) {
    expect((await context.request.get(`/api/v1/${path}`)).status()).toBe(404);
  }
  await context.close();
  expect((await ask(page, portal, 'DELETE', `teams/${team}`)).status()).toBe(204);
  expect((await ask(page, portal, 'DELETE', `projects/${project}`)).status()).toBe(204);
});

test('sign-in goes on after the provider started again with another key', async ({ browser, portal, text }) => {
  await provider.change({ rotate: true });
  const { context } = await signedIn(browser, portal, text);
  expect(await role(context)).toBe('member');
  await context.close();
});

test('switching the provider off ends who came with it, within seconds', async ({ browser, page, portal, text }) => {
  const { context, page: theirs } = await signedIn(browser, portal, text);
  await open(page, `/providers/${slug}`);
  await page.getByRole('switch', { name: text('providers.enabled') }).click();
  await expect(page.getByRole('switch', { name: text('providers.enabled') })).toHaveAttribute('aria-checked', 'false');
  await expect(theirs).toHaveURL(/\/login/, { timeout: 15_000 });
  expect((await context.request.get('/api/v1/me')).status()).toBe(401);
  await expect(theirs.getByRole('button', { name: text('login.submit') })).toBeVisible();
  await expect(theirs.getByRole('link', { name: text('login.provider', { name }) })).toHaveCount(0);
  await context.close();
  expect((await page.request.get('/api/v1/me')).status()).toBe(200);
});

test('a provider that is down is said so, and the password still works', async ({ browser, page, portal, text }) => {
  await open(page, `/providers/${slug}`);
  await page.getByRole('switch', { name: text('providers.enabled') }).click();
  await expect(page.getByRole('switch', { name: text('providers.enabled') })).toHaveAttribute('aria-checked', 'true');
  await provider.stop();
  const context = await another(browser, portal, nobody);
  const theirs = await context.newPage();
  const answer = await theirs.goto(`/auth/providers/${slug}/start`);
  expect(answer?.status()).toBe(503);
  await expect(theirs.getByRole('alert')).toContainText(name);
  await theirs.getByRole('link').click();
  await expect(theirs.getByRole('button', { name: text('login.submit') })).toBeVisible();
  await context.close();

  await open(page, `/providers/${slug}`);
  await page.getByRole('button', { name: text('action.delete'), exact: true }).click();
  await confirm(page, text, 'action.delete', 'providers.delete_question', name);
  await expect(page).toHaveURL(/\/providers$/);
  await expect(rowOf(page, name)).toHaveCount(0);
  await open(page, '/users');
  await act(page, text, provider.person.username, 'action.delete', 'users.delete_question', provider.person.username);
  await expect(rowOf(page, provider.person.username)).toHaveCount(0);
});
