// Where the portal of this run is, and how it was started.
import { createServer } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

/** The folder of this run: data, log and sign-in state. The first process chooses it, and its workers inherit the choice. */
export const runDirectory = (process.env.GANTRY_TEST_RUN ??= mkdtempSync(join(tmpdir(), 'gantry-end2end-')));
/** The administrator's cookies, written by setup.spec.ts. */
export const stateFile = join(runDirectory, 'administrator.json');
/** What start.ts found out, for the specs. */
export const factsFile = join(runDirectory, 'portal.json');

export interface Portal {
  /** The portal's address, without a slash at the end. */
  address: string;
  /** The one-time link that the portal printed. */
  setupLink: string;
  /** The engine's socket, without `unix://`. */
  socket: string;
}

export const administrator = { username: 'ada', password: 'a sentence to remember' };

/** A port of the loopback that nobody has. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
