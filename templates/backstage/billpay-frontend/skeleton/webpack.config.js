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
  devServer: {
    headers: { 'Content-Security-Policy': policy.local() },
    // Angular's bundles may make a policy for Trusted Types under this name; the overlay uses it too.
    client: { overlay: { errors: true, warnings: false, trustedTypesPolicyName: 'angular#bundler' } },
  },
};
