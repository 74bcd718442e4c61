// Writes build.json beside index.html: what is deployed can be asked for it.
import { readFileSync, writeFileSync } from 'node:fs';

const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const commit = process.env.GIT_COMMIT || 'unknown';
writeFileSync(`dist/${name}/build.json`, `${JSON.stringify({ name, version, commit })}\n`);
