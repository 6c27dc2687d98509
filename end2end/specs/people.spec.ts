// Somebody new: a project, an account, its one-time link, a membership, a robot, a token, and the end of it all.
import type { APIRequestContext, PlaywrightWorkerArgs } from '@playwright/test';
import { another, nobody } from '../support/people.js';
import { act, confirm, rowOf } from '../pages/table.js';
import { expect, hydrated, open, test } from '../support/test.js';

test.describe.configure({ mode: 'serial' });

const project = 'library';
const person = { username: 'grace', password: 'compilers are my hobby' };

/** What one test leaves to the next. */
let link = '';
let signedIn = nobody;

const token = (): string => new URL(link).searchParams.get('token') ?? '';

/** A program that has nothing but a secret. */
function withSecret(playwright: PlaywrightWorkerArgs['playwright'], secret: string): Promise<APIRequestContext> {
  const extraHTTPHeaders = { authorization: `Bearer ${secret}` };
  return playwright.request.newContext({ storageState: nobody, extraHTTPHeaders });
}

test('an administrator makes a project, and an account with a one-time link', async ({ page, portal, text }) => {
  await open(page, '/projects');
  await page.getByRole('button', { name: text('projects.new') }).click();
  const newProject = page.getByRole('dialog', { name: text('projects.new') });
  await newProject.getByLabel(text('projects.name'), { exact: true }).fill('Not A Name');
  await newProject.getByRole('button', { name: text('projects.create') }).click();
  await expect(newProject.getByRole('alert').first()).toBeVisible();
  await newProject.getByLabel(text('projects.name'), { exact: true }).fill(project);
  await newProject.getByRole('button', { name: text('projects.create') }).click();
  await expect(page).toHaveURL(new RegExp(`/projects/${project}$`));
  await expect(page.getByRole('heading', { level: 1, name: project })).toBeVisible();

  await open(page, '/users');
  await page.getByRole('button', { name: text('users.new') }).click();
  const newUser = page.getByRole('dialog', { name: text('users.new') });
  await newUser.getByLabel(text('gate.username'), { exact: true }).fill(person.username);
  await newUser.getByRole('button', { name: text('users.create') }).click();
  const made = page.getByRole('dialog', { name: text('users.link_title') });
  link = (await made.getByRole('region', { name: text('users.link') }).innerText()).trim();
  expect(link.startsWith(`${portal.address}/invite?token=`)).toBe(true);
  await made.getByRole('button', { name: text('account.secret_kept') }).click();
  await expect(rowOf(page, person.username)).toContainText(text('status.invited'));
  // The link was shown that once.
  await page.reload();
  await expect(rowOf(page, person.username)).toBeVisible();
  expect(await page.content()).not.toContain(token());
});

test('the link lets its owner choose a password, once', async ({ browser, page, portal, text }) => {
  const context = await another(browser, portal, nobody);
  const theirs = await context.newPage();
  const choose = async (password: string, again: string): Promise<void> => {
    await theirs.getByLabel(text('gate.password'), { exact: true }).fill(password);
    await theirs.getByLabel(text('setup.password_again'), { exact: true }).fill(again);
    await theirs.getByRole('button', { name: text('invite.submit') }).click();
  };
  await theirs.goto(link);
  await expect(theirs.getByRole('heading', { level: 1, name: text('invite.title') })).toBeVisible();
  await choose(person.password, 'something quite different');
  await expect(theirs.getByRole('alert')).toHaveText(text('setup.mismatch'));
  await choose(person.password, person.password);
  await expect(theirs.getByRole('heading', { level: 1, name: text('nav.overview') })).toBeVisible();
  await hydrated(theirs);
  signedIn = await context.storageState();

  const navigation = theirs.getByRole('navigation', { name: text('frame.navigation') });
  await expect(navigation.getByRole('link', { name: text('nav.projects') })).toBeVisible();
  await expect(navigation.getByRole('link', { name: text('nav.users') })).toHaveCount(0);
  await expect(navigation.getByRole('link', { name: text('nav.audit') })).toHaveCount(0);
  await open(theirs, '/projects');
  await expect(theirs.getByText(text('projects.empty'), { exact: true })).toBeVisible();
  await expect(theirs.getByRole('button', { name: text('projects.new') })).toHaveCount(0);
  for (const [path, status] of [['users', 403], ['audit', 403], [`projects/${project}`, 404]] as const) {
    expect((await context.request.get(`/api/v1/${path}`)).status()).toBe(status);
  }
  await context.close();

  const late = await another(browser, portal, nobody);
  const ended = await late.newPage();
  await ended.goto(link);
  await expect(ended.getByRole('alert')).toContainText(text('invite.ended'));
  const answer = await late.request.post('/api/v1/invitation', {
    data: { token: token(), password: 'somebody else was late' },
    headers: { origin: portal.address },
  });
  expect(answer.status()).toBe(403);
  await late.close();

  await open(page, '/users');
  await expect(rowOf(page, person.username)).toContainText(text('status.active'));
});

test('a member sees its project, but not what is for those who manage it', async ({ browser, page, portal, text }) => {
  await open(page, `/projects/${project}`);
  await page.getByLabel(text('gate.username'), { exact: true }).fill(person.username);
  await page.getByLabel(text('members.role'), { exact: true }).selectOption('developer');
  await page.getByRole('button', { name: text('members.add') }).click();
  await expect(rowOf(page, person.username)).toContainText(text('members.developer'));
  const tabs = page.getByRole('navigation', { name: text('projects.parts') });
  await tabs.getByRole('link', { name: text('nav.audit') }).click();
  await expect(page.getByRole('row').filter({ hasText: 'member.update' })).toContainText(person.username);

  const context = await another(browser, portal, signedIn);
  const theirs = await context.newPage();
  await open(theirs, '/projects');
  await rowOf(theirs, project).getByRole('link', { name: project }).click();
  await expect(rowOf(theirs, person.username)).toContainText(text('members.developer'));
  await expect(theirs.getByText(text('members.managed'))).toBeVisible();
  await expect(theirs.getByRole('button', { name: text('members.add') })).toHaveCount(0);
  const parts = theirs.getByRole('navigation', { name: text('projects.parts') });
  await expect(parts.getByRole('link', { name: text('members.title') })).toBeVisible();
  await expect(parts.getByRole('link', { name: text('nav.audit') })).toHaveCount(0);
  await context.close();
});

test('a robot works with a secret that is shown once, until it is replaced', async ({ page, playwright, portal, text }) => {
  const me = async (secret: string): Promise<{ status: number; name?: string }> => {
    const program = await withSecret(playwright, secret);
    const answer = await program.get(`${portal.address}/api/v1/me`);
    const status = answer.status();
    const name = status === 200 ? (await answer.json()).user.username : undefined;
    await program.dispose();
    return { status, name };
  };
  const kept = page.getByRole('dialog', { name: text('account.secret_title') });
  const keep = async (): Promise<string> => {
    const secret = (await kept.getByRole('region', { name: text('account.secret'), exact: true }).innerText()).trim();
    await expect(kept.getByRole('button', { name: text('action.copy') }).first()).toBeVisible();
    await kept.getByRole('button', { name: text('account.secret_kept') }).click();
    await expect(kept).toHaveCount(0);
    return secret;
  };
  await open(page, `/projects/${project}`);
  const tabs = page.getByRole('navigation', { name: text('projects.parts') });
  await tabs.getByRole('link', { name: text('robots.title') }).click();
  await expect(page.getByText(text('robots.empty'), { exact: true })).toBeVisible();
  await page.getByRole('button', { name: text('robots.new') }).click();
  const dialog = page.getByRole('dialog', { name: text('robots.new') });
  await expect(dialog.getByRole('checkbox')).toHaveCount(3);
  await dialog.getByLabel(text('robots.name'), { exact: true }).fill('ci');
  const boxes = [text('scopes.read_detail'), text('scopes.deploy_detail')];
  for (const box of boxes) await dialog.getByRole('checkbox', { name: box }).uncheck();
  await dialog.getByRole('button', { name: text('robots.create') }).click();
  await expect(dialog.getByRole('alert').first()).toBeVisible();
  for (const box of boxes) await dialog.getByRole('checkbox', { name: box }).check();
  await dialog.getByRole('button', { name: text('robots.create') }).click();
  const first = await keep();
  expect(first).toMatch(/^gantry_rob_/);
  await expect(rowOf(page, 'ci')).toContainText(text('scopes.deploy'));
  expect(await me(first)).toEqual({ status: 200, name: `robot$${project}+ci` });

  await act(page, text, 'ci', 'account.rotate', 'account.rotate_question');
  const second = await keep();
  expect((await me(first)).status).toBe(401);
  expect((await me(second)).status).toBe(200);
  // The secrets were shown that once.
  await page.reload();
  await expect(rowOf(page, 'ci')).toBeVisible();
  for (const secret of [first, second]) expect(await page.content()).not.toContain(secret);

  await act(page, text, 'ci', 'action.delete', 'robots.delete_question');
  await expect(rowOf(page, 'ci')).toHaveCount(0);
  expect((await me(second)).status).toBe(401);
});

test('a token is made for reading only unless its owner says otherwise', async ({ page, playwright, portal, text }) => {
  await open(page, '/account');
  await page.getByRole('button', { name: text('account.new_token') }).click();
  const dialog = page.getByRole('dialog', { name: text('account.new_token') });
  await expect(dialog.getByRole('checkbox')).toHaveCount(4);
  await dialog.getByLabel(text('containers.name'), { exact: true }).fill('reader');
  await dialog.getByRole('button', { name: text('account.create_token') }).click();
  const kept = page.getByRole('dialog', { name: text('account.secret_title') });
  const secret = (await kept.getByRole('region', { name: text('account.secret'), exact: true }).innerText()).trim();
  await kept.getByRole('button', { name: text('account.secret_kept') }).click();
  await expect(rowOf(page, 'reader')).toContainText(text('scopes.read'));
  await expect(rowOf(page, 'reader')).not.toContainText(text('scopes.admin'));
  const program = await withSecret(playwright, secret);
  expect((await program.get(`${portal.address}/api/v1/projects`)).status()).toBe(200);
  const refused = await program.post(`${portal.address}/api/v1/projects`, { data: { name: 'never' } });
  expect(refused.status()).toBe(403);
  expect((await refused.json()).message).toEqual({ key: 'forbidden.scope', params: { scope: 'admin' } });
  await program.dispose();
  await rowOf(page, 'reader').getByRole('button', { name: text('account.revoke') }).click();
  await confirm(page, text, 'account.revoke', 'account.revoke_question');
  await expect(rowOf(page, 'reader')).toHaveCount(0);
});

test('whoever is disabled is sent to the sign-in by the next page', async ({ browser, page, portal, text }) => {
  const context = await another(browser, portal, signedIn);
  await open(await context.newPage(), '/projects');
  await open(page, '/users');
  await act(page, text, person.username, 'users.disable', 'users.disable_question');
  await expect(rowOf(page, person.username)).toContainText(text('status.disabled'));

  const next = await context.newPage();
  await next.goto('/projects');
  await expect(next).toHaveURL(/\/login\?next=%2Fprojects$/);
  await next.getByLabel(text('gate.username'), { exact: true }).fill(person.username);
  await next.getByLabel(text('gate.password'), { exact: true }).fill(person.password);
  await next.getByRole('button', { name: text('login.submit') }).click();
  await expect(next.getByRole('alert')).toHaveText(text('login.wrong'));
  await context.close();

  await open(page, '/audit?action=session.create&result=refused');
  await expect(rowOf(page, person.username).first()).toContainText(text('status.refused'));
});

test('the account and the project are deleted after their names are typed', async ({ page, text }) => {
  await open(page, '/users');
  await act(page, text, person.username, 'action.delete', 'users.delete_question', person.username);
  await expect(rowOf(page, person.username)).toHaveCount(0);

  await open(page, '/projects');
  await rowOf(page, project).getByRole('button', { name: text('action.delete') }).click();
  await confirm(page, text, 'action.delete', 'projects.delete_question', project);
  await expect(rowOf(page, project)).toHaveCount(0);
  await expect(rowOf(page, 'default')).toBeVisible();
});
