// Starts the portal as a person would, waits for the link it prints, and ends it after the run.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { factsFile, freePort, runDirectory, type Portal } from './portal.js';

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the browser tests through \`make test\`.`);
  return value;
}

export default async function start(): Promise<() => Promise<void>> {
  const binary = required('GANTRY_TEST_BINARY');
  const engine = required('GANTRY_TEST_DOCKER_HOST');
  rmSync(runDirectory, { recursive: true, force: true });
  mkdirSync(runDirectory, { recursive: true });
  const address = `http://127.0.0.1:${await freePort()}`;
  const log = createWriteStream(join(runDirectory, 'portal.log'));
  const portal = spawn(binary, ['serve'], {
    env: {
      ...process.env,
      GANTRY_LISTEN: address.replace('http://', ''),
      GANTRY_PUBLIC_URL: address,
      GANTRY_DATA_DIR: join(runDirectory, 'data'),
      GANTRY_DOCKER_HOST: engine,
      GANTRY_SAMPLE_INTERVAL_SECS: '2',
      GANTRY_PROVIDER_NETWORKS: '127.0.0.0/8',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => portal.once('exit', () => resolve()));
  const setupLink = await new Promise<string>((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`no setup link within 60 s; the portal said:\n${text}`)), 60_000);
    const read = (chunk: Buffer): void => {
      log.write(chunk);
      text += chunk.toString();
      const link = /https?:\/\/\S+\/setup\?token=[\w-]+/.exec(text);
      if (link) {
        clearTimeout(timer);
        resolve(link[0]);
      }
    };
    portal.stdout.on('data', read);
    portal.stderr.on('data', read);
    portal.once('exit', (code) => reject(new Error(`the portal ended with ${code}:\n${text}`)));
  });
  for (;;) {
    const ready = await fetch(`${address}/readyz`).then((answer) => answer.ok, () => false);
    if (ready) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const facts: Portal = { address, setupLink, socket: engine.replace('unix://', '') };
  writeFileSync(factsFile, JSON.stringify(facts));
  return async () => {
    portal.kill('SIGTERM');
    await ended;
    if (!process.env.GANTRY_TEST_KEEP) rmSync(runDirectory, { recursive: true, force: true });
  };
}
