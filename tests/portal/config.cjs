// Checks configurations of the portal against the schemas of its packages, with Backstage's own loader.
//
// node config.cjs PACKAGES PORTAL, where PACKAGES/node_modules has what the backend is made of. Reads a
// request a line: {files: [path in PORTAL], env: {NAME: value}}; writes an answer a line: {error} or
// {config, frontend}, the whole and what browsers get.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { createRequire } = require('node:module');

const [packages, portal] = process.argv.slice(2).map(folder => path.resolve(folder));
const load = createRequire(path.join(packages, 'package.json'));
const { ConfigSources, loadConfigSchema } = load('@backstage/config-loader');

async function check(schema, { files, env }) {
  const sources = files.map(file =>
    ConfigSources.default({
      rootDir: portal,
      argv: ['--config', path.join(portal, file)],
      env,
      substitutionFunc: async name => env[name],
    }),
  );
  const config = await ConfigSources.toConfig(ConfigSources.merge(sources));
  const data = config.get();
  config.close();
  const all = [{ data, context: files.join(' over ') }];
  schema.process(all);
  const [frontend] = schema.process(all, { visibility: ['frontend'] });
  return { config: data, frontend: frontend?.data ?? {} };
}

async function main() {
  const schema = await loadConfigSchema({
    noUndeclaredProperties: true,
    dependencies: Object.keys(load('./package.json').dependencies).filter(name => name.startsWith('@backstage/')),
    packagePaths: [
      path.join(packages, 'package.json'),
      path.join(portal, 'plugins/scaffolder-backend-module-billpay/package.json'),
      // Those of the pages, which are not installed.
      ...fs.readdirSync(path.join(packages, 'schemas')).map(name => path.join(packages, 'schemas', name, 'package.json')),
    ],
  });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answer = await check(schema, JSON.parse(line)).catch(error => ({ error: String(error?.message ?? error) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

main().catch(error => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});
