// Asks GitHub's language service about workflows and actions: JSON with `root` (the folder of our own actions and reusable
// workflows) and `files` in, every finding out. Our own are looked up in `root` by name; those of others are pinned by
// commit, and not looked up.
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from '@actions/languageservice';
import { parse } from 'yaml';

const { root, files } = JSON.parse(readFileSync(0, 'utf8'));
const ours = ({ owner, repository, name }) => owner === 'billpay' && (repository ?? name) === 'billpay';

const actionsMetadataProvider = {
  async fetchActionMetadata(action) {
    const path = join(root, action.path ?? '', 'action.yml');
    if (!ours(action)) return {};
    return existsSync(path) ? parse(readFileSync(path, 'utf8')) : undefined;
  },
};
const fileProvider = {
  async getFileContent(reference) {
    if ('repository' in reference && !ours(reference)) throw new Error(`${reference.path} is not ours`);
    return { name: reference.path, content: readFileSync(join(root, reference.path), 'utf8') };
  },
};

const findings = [];
for (const { path, text } of files) {
  const document = {
    uri: `file:///${path}`,
    languageId: 'yaml',
    version: 1,
    lineCount: text.split('\n').length,
    getText: () => text,
  };
  const found = await validate(document, { actionsMetadataProvider, fileProvider });
  for (const { range, message } of found) findings.push(`${path}:${range.start.line + 1}: ${message}`);
}
console.log(JSON.stringify(findings));
