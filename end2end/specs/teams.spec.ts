// A team: people get into a project by it, and out again with it.
import { act, choose, rowOf } from '../pages/table.js';
import { another, ask, nobody } from '../support/people.js';
import { expect, open, test } from '../support/test.js';

test.describe.configure({ mode: 'serial' });

const project = 'orchard';
const team = 'growers';
const person = { username: 'barbara', password: 'maize has jumping genes' };

/** What one test leaves to the next. */
let signedIn = nobody;

test('an administrator makes a team and adds a person to it', async ({ browser, page, portal, text }) => {
  expect((await ask(page, portal, 'POST', 'projects', { name: project })).status()).toBe(201);
  const account = await (await ask(page, portal, 'POST', 'users', { username: person.username })).json();
  const context = await another(browser, portal, nobody);
  const chosen = await context.request.post('/api/v1/invitation', {
    data: { token: new URL(account.link).searchParams.get('token'), password: person.password },
    headers: { origin: portal.address },
  });
  expect(chosen.status()).toBe(204);
  signedIn = await context.storageState();
  await context.close();

  await open(page, '/teams');
  await expect(page.getByText(text('teams.empty'), { exact: true })).toBeVisible();
  await page.getByRole('button', { name: text('teams.new') }).click();
  const newTeam = page.getByRole('dialog', { name: text('teams.new') });
  const name = newTeam.getByLabel(text('projects.name'), { exact: true });
  await name.fill('Not A Name');
  await newTeam.getByRole('button', { name: text('teams.create') }).click();
  await expect(newTeam.getByRole('alert').first()).toBeVisible();
  await name.fill(team);
  await newTeam.getByRole('button', { name: text('teams.create') }).click();
  await expect(page).toHaveURL(new RegExp(`/teams/${team}$`));
  await expect(page.getByRole('heading', { level: 1, name: team })).toBeVisible();

  await expect(page.getByText(text('teams.no_members'), { exact: true })).toBeVisible();
  await expect(page.getByText(text('teams.no_projects'), { exact: true })).toBeVisible();
  const username = page.getByLabel(text('gate.username'), { exact: true });
  await username.fill('nobody-has-this-name');
  await page.getByRole('button', { name: text('members.add') }).click();
  await expect(page.getByRole('alert').first()).toContainText('nobody-has-this-name');
  await username.fill(person.username);
  await page.getByRole('button', { name: text('members.add') }).click();
  await expect(rowOf(page, person.username)).toContainText(text('status.active'));
});

test('whoever is in a team has the role that it gets in a project', async ({ browser, page, portal, text }) => {
  const context = await another(browser, portal, signedIn);
  const theirs = await context.newPage();
  await open(theirs, '/projects');
  await expect(theirs.getByText(text('projects.empty'), { exact: true })).toBeVisible();

  await open(page, `/projects/${project}`);
  await expect(page.getByText(text('teams.none_here'), { exact: true })).toBeVisible();
  await page.getByLabel(text('teams.team'), { exact: true }).fill(team);
  await page.getByLabel(text('teams.role'), { exact: true }).selectOption('guest');
  await page.getByRole('button', { name: text('teams.add') }).click();
  await expect(rowOf(page, team)).toContainText(text('members.guest'));
  await choose(page, text, team, 'members.make_developer');
  await expect(rowOf(page, team)).toContainText(text('members.developer'));

  await open(theirs, '/projects');
  await expect(rowOf(theirs, project)).toContainText(text('members.developer'));
  await rowOf(theirs, project).getByRole('link', { name: project }).click();
  await expect(rowOf(theirs, team)).toContainText(text('members.developer'));
  await expect(theirs.getByRole('button', { name: text('teams.add') })).toHaveCount(0);
  await expect(theirs.getByRole('link', { name: team, exact: true })).toHaveCount(0);
  await open(theirs, `/teams/${team}`);
  await expect(rowOf(theirs, person.username)).toBeVisible();
  await expect(rowOf(theirs, project)).toContainText(text('members.developer'));
  await expect(theirs.getByRole('button', { name: text('members.add') })).toHaveCount(0);
  const navigation = theirs.getByRole('navigation', { name: text('frame.navigation') });
  await expect(navigation.getByRole('link', { name: text('nav.projects') })).toBeVisible();
  await expect(navigation.getByRole('link', { name: text('nav.teams') })).toHaveCount(0);
  expect((await context.request.get('/api/v1/teams')).status()).toBe(403);
  await context.close();
});

test('whoever is taken out of a team is out of its projects', async ({ browser, page, portal, text }) => {
  const context = await another(browser, portal, signedIn);
  await open(page, `/teams/${team}`);
  await expect(page.getByRole('link', { name: project, exact: true })).toBeVisible();
  await act(page, text, person.username, 'action.remove', 'teams.remove_question');
  await expect(page.getByText(text('teams.no_members'), { exact: true })).toBeVisible();

  const theirs = await context.newPage();
  await open(theirs, '/projects');
  await expect(theirs.getByText(text('projects.empty'), { exact: true })).toBeVisible();
  for (const path of [`projects/${project}`, `teams/${team}`]) {
    expect((await context.request.get(`/api/v1/${path}`)).status()).toBe(404);
  }
  await context.close();
});

test('a team is deleted after its name is typed', async ({ page, portal, text }) => {
  await open(page, '/teams');
  await act(page, text, team, 'action.delete', 'teams.delete_question', team);
  await expect(rowOf(page, team)).toHaveCount(0);
  await open(page, `/projects/${project}`);
  await expect(page.getByText(text('teams.none_here'), { exact: true })).toBeVisible();

  const accounts = await (await page.request.get(`/api/v1/users?q=${person.username}`)).json();
  expect((await ask(page, portal, 'DELETE', `users/${accounts.items[0].id}`)).status()).toBe(204);
  expect((await ask(page, portal, 'DELETE', `projects/${project}`)).status()).toBe(204);
});
