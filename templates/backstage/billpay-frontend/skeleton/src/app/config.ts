// No Angular here: this is loaded before it.

/** What differs between environments. deploy/config/ has it for each of them, local/ for this machine. */
export interface Config {
  readonly environment: string;
  /** What the addresses of services begin with; empty for none. */
  readonly apiUrl: string;
  /** Where page metrics go; empty for nowhere. */
  readonly metricsUrl: string;
{%- if values.role == "shell" %}
  readonly remotes: readonly Remote[];
{%- endif %}
}
{%- if values.role == "shell" %}

/** Another frontend, whose pages are shown in this one. */
export interface Remote {
  readonly name: string;
  /** What the navigation calls it. */
  readonly title: string;
  /** Where its pages are, without slashes. */
  readonly path: string;
  /** Address of its remoteEntry.js. */
  readonly entry: string;
  /** What it exposes its routes as. */
  readonly module: string;
}
{%- endif %}

declare const __webpack_public_path__: string;

let loaded: Config | undefined;

/** Reads config.json, which lies beside this bundle, wherever the page itself is from. */
export async function loadConfig(): Promise<Config> {
  loaded ??= parseConfig(await readConfig());
  return loaded;
}

/** What was loaded before. */
export function currentConfig(): Config {
  if (!loaded) throw new Error('config.json has not been loaded yet');
  return loaded;
}

async function readConfig(): Promise<unknown> {
  const request = { cache: 'no-store', signal: AbortSignal.timeout(10_000) } as const;
  const answer = await fetch(`${__webpack_public_path__}config.json`, request).catch(() => undefined);
  if (!answer) throw new Error('config.json can’t be reached');
  if (!answer.ok) throw new Error(`config.json can’t be read: status ${answer.status}`);
  return answer.json().catch(() => {
    throw new Error('config.json is not JSON');
  });
}

/** Checks all of it, so that a mistake is seen right after a deployment and in one go. */
export function parseConfig(value: unknown): Config {
  const wrong: string[] = [];
  const fields = isObject(value) ? value : {};
  const text = (from: Record<string, unknown>, key: string, what: string, valid: RegExp): string => {
    const found = from[key];
    if (typeof found === 'string' && valid.test(found)) return found;
    wrong.push(`${key} must be ${what}`);
    return '';
  };

  const config: Config = {
    environment: text(fields, 'environment', 'a name', /./),
    apiUrl: text(fields, 'apiUrl', 'a URL or empty', urlOrEmpty),
    metricsUrl: text(fields, 'metricsUrl', 'a URL or empty', urlOrEmpty),
{%- if values.role == "shell" %}
    remotes: list(fields['remotes']).map((remote) => ({
      name: text(remote, 'name', 'the name of a remote', /./),
      title: text(remote, 'title', 'the title of a remote', /./),
      path: text(remote, 'path', 'a path without slashes', /^[\w-]+$/),
      entry: text(remote, 'entry', 'the URL of a remoteEntry.js', url),
      module: text(remote, 'module', 'a module such as ./routes', /^\.\//),
    })),
{%- endif %}
  };
{%- if values.role == "shell" %}
  if (!Array.isArray(fields['remotes'])) wrong.push('remotes must be a list');
  if (new Set(config.remotes.map((remote) => remote.path)).size < config.remotes.length) {
    wrong.push('each remote must have a path of its own');
  }
{%- endif %}
  if (wrong.length) throw new Error(`config.json is wrong: ${wrong.join('; ')}`);
  return config;
}
{% if values.role == "shell" %}
const url = /^https?:\/\/[^\s]+$/;
{%- endif %}
const urlOrEmpty = /^(https?:\/\/[^\s]+)?$/;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
{%- if values.role == "shell" %}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map((item) => (isObject(item) ? item : {})) : [];
}
{%- endif %}
