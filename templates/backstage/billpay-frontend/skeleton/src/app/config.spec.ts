import { parseConfig } from './config';

describe('config.json', () => {
  const config = {
    environment: 'dev',
    apiUrl: 'https://api.example.com/api',
    metricsUrl: '',
{%- if values.role == "shell" %}
    remotes: [
      {
        name: 'bills',
        title: 'Bills',
        path: 'bills',
        entry: 'https://bills.example.com/remoteEntry.js',
        module: './routes',
      },
    ],
{%- endif %}
  };

  it('is taken as it is', () => {
    expect(parseConfig(config)).toEqual(config);
  });

  it('is refused with everything that is wrong with it', () => {
    const wrong = { ...config, environment: 1, apiUrl: 'api' };
    expect(() => parseConfig(wrong)).toThrowError(
      /environment must be a name; apiUrl must be a URL or empty/,
    );
    expect(() => parseConfig(null)).toThrowError(/environment must be/);
  });
{%- if values.role == "shell" %}

  it('is refused when a remote is wrong', () => {
    const [remote] = config.remotes;
    const refused = (remotes: unknown, why: RegExp) =>
      expect(() => parseConfig({ ...config, remotes })).toThrowError(why);
    refused([{ ...remote, entry: 'javascript:alert(1)' }], /entry must be the URL/);
    refused([{ ...remote, path: 'a/b' }], /path must be a path without slashes/);
    refused([remote, remote], /a path of its own/);
    refused(undefined, /remotes must be a list/);
  });
{%- endif %}
});
