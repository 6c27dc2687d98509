// Talks to the test engine directly, to see what the portal did and to do what somebody else would.
import { request } from 'node:http';

/** Calls the Docker Engine API over its socket. */
export function engineCall(socketPath: string, method: string, path: string, body?: unknown): Promise<{ status: number; json: any }> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const call = request(
      { socketPath, method, path: `/v1.41${path}`, headers: payload ? { 'content-type': 'application/json' } : {} },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          let json: unknown = text;
          try {
            json = JSON.parse(text);
          } catch {
            // Some answers have no body, or are no JSON.
          }
          resolve({ status: answer.statusCode ?? 0, json });
        });
      },
    );
    call.on('error', reject);
    call.end(payload);
  });
}

/** The containers of a Compose project, of any state. */
export async function containersOf(socket: string, project: string): Promise<any[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
  return (await engineCall(socket, 'GET', `/containers/json?all=true&filters=${filters}`)).json;
}
