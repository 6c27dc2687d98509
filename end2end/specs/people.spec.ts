// Somebody new: a project, an account, its one-time link, a membership, and the end of it all.
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
