// The generated portal's own backend, with its own configuration: started once, asked over HTTP.
//
// node backend.cjs PACKAGES PORTAL OVERLAY, where PACKAGES/node_modules has what the backend is made of and
// OVERLAY is a configuration that goes over app-config.yaml. Writes {port} when it is ready, then reads a
// request a line: {path, method, body}; writes an answer a line: {status, body}.
'use strict';

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const readline = require('node:readline');
const { createRequire } = require('node:module');

const [packages, portal, overlay] = process.argv.slice(2).map(place => path.resolve(place));
const load = createRequire(path.join(packages, 'package.json'));

// Standard output is for answers.
process.env.NODE_ENV = 'development';
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const answer = told => write(`${JSON.stringify(told)}\n`);

/** The backend as JavaScript, beside the packages: TypeScript without its types, and nothing else. */
async function compile() {
  const out = fs.mkdtempSync(path.join(packages, 'backend-'));
  process.on('exit', () => fs.rmSync(out, { recursive: true, force: true }));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(1));
  const file = path.join(out, 'index.cjs');
  await load('esbuild').build({
    entryPoints: [path.join(portal, 'packages/backend/src/index.ts')],
    alias: {
      '@internal/plugin-scaffolder-backend-module-billpay': path.join(
        portal,
        'plugins/scaffolder-backend-module-billpay/src/index.ts',
      ),
    },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    outfile: file,
    // The portal's own goes on from a file in `node_modules`.
    tsconfigRaw: {},
    logLevel: 'warning',
  });
  return file;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function main() {
  const file = await compile();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  process.env.APP_CONFIG_backend_listen_port = String(port);
  process.env.APP_CONFIG_backend_baseUrl = JSON.stringify(url);
  process.chdir(path.join(portal, 'packages/backend'));
  process.argv.splice(2, Infinity, '--config', path.join(portal, 'app-config.yaml'), '--config', overlay);
  require(file);

  const ask = async ({ path: place, method = 'GET', body, token }) => {
    const response = await fetch(`${url}${place}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    let told = text;
    try {
      told = JSON.parse(text);
    } catch {
      // Not everything is JSON.
    }
    return { status: response.status, body: told };
  };
  const failed = error => ({ status: 0, body: String(error?.cause ?? error) });

  for (;;) {
    const { status } = await ask({ path: '/.backstage/health/v1/readiness' }).catch(failed);
    if (status === 200) break;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  answer({ port });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    answer(await ask(JSON.parse(line)).catch(failed));
  }
  process.exit(0);
}

main().catch(error => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});
