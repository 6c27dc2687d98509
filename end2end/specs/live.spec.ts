// Lists stay true by themselves, and anything is found from the keyboard.
import { engineCall } from '../support/engine.js';
import { expect, hydrated, open, test } from '../support/test.js';

test('a container that somebody else makes and kills shows up at once', async ({ page, portal, text }) => {
  await open(page, '/clusters/local/containers');
  const name = 'made-elsewhere';
  const made = await engineCall(portal.socket, 'POST', `/containers/create?name=${name}`, {
    Image: 'gantry-test/curl:1',
    Labels: { note: '<img src=x onerror=alert(1)>' },
  });
  expect(made.status).toBe(201);
  try {
    const row = page.getByRole('row').filter({ hasText: name });
    await expect(row).toContainText(text('status.created'));
    await engineCall(portal.socket, 'POST', `/containers/${made.json.Id}/start`);
    await expect(row).toContainText(text('status.running'));
    await engineCall(portal.socket, 'POST', `/containers/${made.json.Id}/kill`);
    await expect(row).toContainText(text('status.exited'));

    let dialogs = 0;
    page.on('dialog', (dialog) => {
      dialogs += 1;
      void dialog.dismiss();
    });
    await row.getByRole('link', { name }).click();
    await expect(page.getByText('<img src=x onerror=alert(1)>')).toBeVisible();
    expect(dialogs).toBe(0);
  } finally {
    await engineCall(portal.socket, 'DELETE', `/containers/${made.json.Id}?force=true`);
  }
});

test('what changes between the making of a page and its socket shows up', async ({ page, portal, text }) => {
  let connect = (): void => {};
  const released = new Promise<void>((resolve) => (connect = resolve));
  await page.routeWebSocket(/\/api\/v1\/watch/, async (socket) => {
    await released;
    socket.connectToServer();
  });
  await open(page, '/clusters/local/containers');
  const name = 'made-in-between';
  const made = await engineCall(portal.socket, 'POST', `/containers/create?name=${name}`, { Image: 'gantry-test/curl:1' });
  try {
    const list = async (): Promise<string> => (await page.request.get('/api/v1/clusters/local/containers?limit=500')).text();
    await expect.poll(list).toContain(name);
    await expect(page.getByText(name)).toHaveCount(0);
    connect();
    await expect(page.getByRole('row').filter({ hasText: name })).toContainText(text('status.created'));
  } finally {
    await engineCall(portal.socket, 'DELETE', `/containers/${made.json.Id}?force=true`);
  }
});

test('the command palette finds an image by a part of its name', async ({ page }) => {
  await open(page, '/');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('gantry-test/slow');
  await expect(page.getByRole('dialog').getByText('gantry-test/slow:1').first()).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/images\//);
});

test('a page whose code does not come says so, and can be loaded again', async ({ page }) => {
  await open(page, '/clusters/local/images');
  await page.route(/\/pkg\/split_details/, (route) => route.abort());
  await page.locator('tbody a').first().click();
  const problem = page.getByRole('alert');
  await expect(problem).toBeVisible();
  await page.unroute(/\/pkg\/split_details/);
  await problem.getByRole('button').click();
  await hydrated(page);
  await expect(page).toHaveURL(/\/images\/./);
  await expect(page.locator('h1')).toBeVisible();
  await expect(problem).toHaveCount(0);
});

test('what the server made stays where the code of a page does not come', async ({ page }) => {
  await page.route(/\/pkg\/split_forms/, (route) => route.abort());
  const failed = page.waitForEvent('requestfailed');
  await page.goto('/account');
  await failed;
  await expect(page.locator('h1')).toBeVisible();
  await expect(page.locator('input[type=password]').first()).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('every page of the navigation opens without an error in the console', async ({ page }) => {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  await open(page, '/');
  const links = await page.locator('nav#navigation a.sidebar__link').evaluateAll((all) => all.map((it) => it.getAttribute('href') ?? ''));
  expect(links.length).toBeGreaterThan(7);
  for (const link of [...links, '/account', '/apps/new', '/apps/new?tab=template']) {
    await open(page, link);
    await expect(page.locator('h1')).toBeVisible();
  }
  expect(errors).toEqual([]);
});
