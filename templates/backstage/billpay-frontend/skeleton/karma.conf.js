// In CI there is no sandbox for Chromium, which runs as root in a container there.
const flags = process.env.CI
  ? ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update']
  : [];

module.exports = (config) =>
  config.set({
    frameworks: ['jasmine', '@angular-devkit/build-angular'],
    plugins: [
      require('karma-jasmine'),
      require('karma-chrome-launcher'),
      require('@angular-devkit/build-angular/plugins/karma'),
    ],
    hostname: '127.0.0.1',
    listenAddress: '127.0.0.1',
    browsers: ['Headless'],
    customLaunchers: { Headless: { base: 'ChromeHeadless', flags } },
    reporters: ['dots'],
  });
