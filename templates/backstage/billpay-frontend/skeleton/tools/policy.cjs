// The content security policy that CloudFront sends, from this frontend's entry in the environments'
// spec: the development server and the browser test send the same.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const entry = 'platform/environments/frontends/${{ values.name }}.yaml';

function deployed() {
  const found = /^content_security_policy: "(.*)"$/m.exec(readFileSync(join(root, entry), 'utf8'));
  if (!found) throw new Error(`${entry} has no content_security_policy in one line of double quotes`);
  return found[1];
}

/** The same for this machine: what local/config.json names may be loaded and called, too. */
function local() {
  const config = readFileSync(join(root, 'local/config.json'), 'utf8');
  const origins = new Set([...config.matchAll(/"(https?:\/\/[^/"]+)/g)].map((match) => match[1]));
  const allow = (directive) =>
    /^(script|connect|img|font)-src /.test(directive) ? [directive, ...origins].join(' ') : directive;
  return deployed().split('; ').map(allow).join('; ');
}

module.exports = { deployed, local };
