// The portal's real scaffolder: started once, asked for dry runs over HTTP.
//
// node portal.cjs FOLDER, where FOLDER/node_modules has Backstage's packages. Reads a request
// a line: {template: "the text of template.yaml", values: {…}, files: [{path, hex, executable}],
// folders: [path], hosted: the folder of a Git repository that https://git.acme.test/acme/parts is},
// and writes an answer a line: {status, files: [{path, hex, executable}], folders, output, error}.
'use strict';

const { execFileSync } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');
const fs = require('node:fs');
const readline = require('node:readline');
const { createRequire } = require('node:module');

const load = createRequire(path.join(path.resolve(process.argv[2]), 'package.json'));

// Standard output is for answers; whatever else wants to write there goes to standard error.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
process.env.NODE_ENV = 'test';
process.env.LOG_LEVEL = 'error';

const { startTestBackend, mockServices } = load('@backstage/backend-test-utils');
const { createBackendModule } = load('@backstage/backend-plugin-api');
const node = load('@backstage/plugin-scaffolder-node');
const yaml = load('yaml');

// A dry run's files come as JSON, which has neither modes nor folders without files. A template
// that is fetched from where it lies has both, so the files of a dry run get them too.
let extras = { executable: new Set(), folders: [] };
const deserialize = node.deserializeDirectoryContents;
node.deserializeDirectoryContents = async (target, files) => {
  await deserialize(target, files);
  for (const folder of extras.folders) fs.mkdirSync(path.join(target, folder), { recursive: true });
  for (const file of extras.executable) fs.chmodSync(path.join(target, file), 0o755);
};
// Nor does its answer have empty folders.
let folders = [];
const serialize = node.serializeDirectoryContents;
node.serializeDirectoryContents = async (source, options) => {
  const walk = folder => {
    const entries = fs.readdirSync(path.join(source, folder), { withFileTypes: true });
    if (entries.length === 0 && folder !== '') folders.push(folder);
    for (const entry of entries) if (entry.isDirectory()) walk(path.posix.join(folder, entry.name));
  };
  walk('');
  return serialize(source, options);
};

// A host of repositories, as GitHub's API shows one: every repository on it is the request's.
let hosted = '';
const host = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1');
  const git = (...args) => execFileSync('git', ['-C', hosted, ...args], { maxBuffer: 1 << 26 });
  const [kind, , , what, ...rest] = decodeURIComponent(url.pathname).split('/').slice(1);
  const archive = `http://127.0.0.1:${host.address().port}/archive/x/y/{archive_format}{/ref}`;
  try {
    if (kind === 'archive') {
      response.end(git('archive', '--format=tar.gz', '--prefix=acme-parts/', rest[0]));
    } else if (what === 'contents') {
      response.end(git('show', `${url.searchParams.get('ref')}:${rest.join('/')}`));
    } else if (what === 'commits') {
      const sha = git('rev-parse', rest[0]).toString().trim();
      response.end(JSON.stringify({ sha, repository: { archive_url: archive } }));
    } else {
      response.end(JSON.stringify({ default_branch: 'main' }));
    }
  } catch (error) {
    response.statusCode = 404;
    response.end(String(error));
  }
});

/** Stands for the module of a code host: it publishes, and has no dry run. */
const publisher = createBackendModule({
  pluginId: 'scaffolder',
  moduleId: 'publisher',
  register(env) {
    env.registerInit({
      deps: { scaffolder: node.scaffolderActionsExtensionPoint },
      async init({ scaffolder }) {
        scaffolder.addActions(
          node.createTemplateAction({
            id: 'publish:github',
            description: 'stands for the real one',
            schema: {
              input: { repoUrl: z => z.string() },
              output: {
                remoteUrl: z => z.string(),
                repoContentsUrl: z => z.string(),
                commitHash: z => z.string(),
              },
            },
            async handler() {
              throw new Error('a dry run does not publish');
            },
          }),
          node.createTemplateAction({
            id: 'publish:github:pull-request',
            description: 'stands for the real one',
            schema: {
              input: { repoUrl: z => z.string(), branchName: z => z.string() },
              output: {
                remoteUrl: z => z.string(),
                pullRequestNumber: z => z.number(),
                targetBranchName: z => z.string(),
              },
            },
            async handler() {
              throw new Error('a dry run does not publish');
            },
          }),
        );
      },
    });
  },
});

async function start() {
  const { catalogServiceMock } = load('@backstage/plugin-catalog-node/testUtils');
  await new Promise(resolve => host.listen(0, '127.0.0.1', resolve));
  const api = `http://127.0.0.1:${host.address().port}`;
  const github = [{ host: 'github.com' }, { host: 'git.acme.test', apiBaseUrl: api }];
  const { server } = await startTestBackend({
    features: [
      load('@backstage/plugin-scaffolder-backend').default,
      catalogServiceMock.factory({ entities: [] }),
      mockServices.rootConfig.factory({
        data: { integrations: { github }, backend: { workingDirectory: require('node:os').tmpdir() } },
      }),
      publisher,
    ],
  });
  return server;
}

/** The entity in a file, as the catalog reads it. */
function entity(text) {
  const documents = yaml.parseAllDocuments(text, { merge: false });
  for (const document of documents) {
    if (document.errors.length > 0) throw new Error(`YAML error, ${document.errors[0]}`);
  }
  const all = documents.map(document => document.toJSON());
  return all.find(one => one && one.kind === 'Template') ?? all[0];
}

async function dryRun(url, request) {
  let template;
  try {
    template = entity(request.template);
  } catch (error) {
    return { status: 400, error: String(error) };
  }
  extras = {
    executable: new Set(request.files.filter(file => file.executable).map(file => file.path)),
    folders: request.folders ?? [],
  };
  folders = [];
  hosted = request.hosted ?? '';
  const response = await fetch(`${url}/api/scaffolder/v2/dry-run`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      template,
      values: request.values,
      directoryContents: request.files.map(file => ({
        path: file.path,
        base64Content: Buffer.from(file.hex, 'hex').toString('base64'),
      })),
    }),
  });
  const body = await response.json();
  if (response.status !== 200) {
    const errors = body.errors?.map(error => error.stack ?? error.message).join('; ');
    return { status: response.status, error: errors ?? body.error?.message ?? JSON.stringify(body) };
  }
  const files = body.directoryContents.map(file => ({
    path: file.path,
    hex: Buffer.from(file.base64Content, 'base64').toString('hex'),
    executable: file.executable,
  }));
  return { status: 200, files, folders, output: body.output };
}

async function main() {
  const server = await start();
  const url = `http://127.0.0.1:${server.port()}`;
  answer(`${JSON.stringify({ ready: true })}\n`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let told;
    try {
      told = await dryRun(url, JSON.parse(line));
    } catch (error) {
      told = { status: 0, error: String(error?.stack ?? error) };
    }
    answer(`${JSON.stringify(told)}\n`);
  }
  await server.stop();
  process.exit(0);
}

main().catch(error => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});
