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

/** The same for this machine: what local/config.json names may be called, and its remotes loaded. */
function local() {
  const config = JSON.parse(readFileSync(join(root, 'local/config.json'), 'utf8'));
  const origins = (urls) => [...new Set(urls.filter(Boolean).map((url) => new URL(url).origin))];
  const remotes = origins((config.remotes ?? []).map((remote) => remote.entry));
  // The development servers tell pages when to load anew, and show errors on top of them.
  const sockets = remotes.map((origin) => origin.replace(/^http/, 'ws'));
  const called = origins([config.apiUrl, config.metricsUrl]);
  const allow = (directive) => {
    if (/^(script|img|font)-src /.test(directive)) return [directive, ...remotes].join(' ');
    if (directive.startsWith('connect-src ')) return [directive, ...remotes, ...sockets, ...called].join(' ');
    return directive.startsWith('trusted-types ') ? `${directive} webpack-dev-server#overlay` : directive;
  };
  return deployed().split('; ').map(allow).join('; ');
}

module.exports = { deployed, local };
