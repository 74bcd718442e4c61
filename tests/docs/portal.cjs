// Reads a published site as the portal's TechDocs backend does, and says what it found.
const { createRequire } = require('node:module');
const { PassThrough } = require('node:stream');

const [folder, asked] = process.argv.slice(2);
const cli = createRequire(`${folder}/node_modules/@techdocs/cli/package.json`);
const { ConfigReader } = cli('@backstage/config');
const { Publisher } = cli('@backstage/plugin-techdocs-node');
const { url, key, bucket, entities, paths } = JSON.parse(asked);

const logger = { info() {}, warn() {}, error() {}, debug() {}, child: () => logger };
const config = new ConfigReader({
  techdocs: {
    publisher: {
      type: 'awsS3',
      awsS3: {
        bucketName: bucket,
        region: 'us-east-1',
        endpoint: url,
        s3ForcePathStyle: true,
        maxAttempts: 1,
        credentials: { accessKeyId: key, secretAccessKey: 'test' },
      },
    },
  },
});

// The response of one request, as much of it as the router uses.
function ask(router, path) {
  return new Promise((resolve, reject) => {
    const response = new PassThrough();
    let status = 200;
    let body = '';
    response.headersSent = false;
    response.setHeader = () => {};
    response.status = code => ((status = code), response);
    response.send = text => response.end(text);
    response.on('data', chunk => (body += chunk));
    response.on('end', () => resolve({ status, body }));
    response.on('error', reject);
    router({ path }, response);
  });
}

(async () => {
  const publisher = await Publisher.fromConfig(config, { logger });
  const { isAvailable: ready } = await publisher.getReadiness();
  const built = [];
  for (const { namespace, kind, name } of entities) {
    built.push(await publisher.hasDocsBeenGenerated({ kind, metadata: { namespace, name } }));
  }
  const metadata = await publisher.fetchTechDocsMetadata(entities[0]);
  const router = publisher.docsRouter();
  const pages = [];
  for (const path of paths) {
    pages.push(await ask(router, path));
  }
  console.log(JSON.stringify({ ready, built, metadata, pages }));
})().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
