const { share, withModuleFederationPlugin } = require('@angular-architects/module-federation/webpack');
const policy = require('./tools/policy.cjs');

// There is one Angular in a page. A shell and a remote of different minor versions get along with
// the newer one; a remote of another major version is refused when it is loaded, not at some click.
const angular = { singleton: true, strictVersion: true, requiredVersion: '^17.3.0' };

module.exports = {
  ...withModuleFederationPlugin({
{%- if values.role == "remote" %}
    name: '${{ values.name }}',
    exposes: { './routes': './src/app/remote.ts' },
{%- endif %}
    shared: share({
      '@angular/common': angular,
      '@angular/common/http': angular,
      '@angular/core': angular,
      '@angular/core/rxjs-interop': angular,
      '@angular/platform-browser': angular,
      '@angular/router': angular,
      rxjs: { singleton: true, strictVersion: true, requiredVersion: '^7.8.0' },
    }),
  }),
{%- if values.role == "shell" %}
  // A shell is at the root of its origin. A remote finds out where it was loaded from.
  output: { publicPath: '/' },
{%- endif %}
  devServer: {
    headers: { 'Content-Security-Policy': policy.local() },
  },
};
