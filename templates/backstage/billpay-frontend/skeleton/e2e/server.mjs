// Serves the production bundle as CloudFront does, with a config.json of the test's choice.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';

const { deployed } = createRequire(import.meta.url)('../tools/policy.cjs');
const bundle = new URL('../dist/${{ values.name }}/', import.meta.url).pathname;
const types = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

export async function serve(config) {
  const server = createServer(async (request, answer) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const send = (name, content) =>
      answer
        .writeHead(200, { 'content-type': types[extname(name)], 'content-security-policy': deployed() })
        .end(content);
    if (path === '/config.json') return send(path, JSON.stringify(config));
    const file = types[extname(path)] && !path.includes('..') ? path : '/index.html';
    const content = await readFile(join(bundle, file)).catch(() => undefined);
    return content ? send(file, content) : answer.writeHead(404).end();
  });
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  return { origin: `http://localhost:${server.address().port}`, close: () => server.close() };
}
