import { createBackend } from '@backstage/backend-defaults';
import { loadSecrets } from './secrets';

async function main() {
  // Before anything reads the configuration, which refers to them.
  await loadSecrets();
  const backend = createBackend();

  backend.add(import('@backstage/plugin-app-backend'));

  backend.add(import('@backstage/plugin-auth-backend'));
  backend.add(import('@backstage/plugin-auth-backend-module-github-provider'));
  backend.add(import('@backstage/plugin-auth-backend-module-guest-provider'));

  backend.add(import('@backstage/plugin-catalog-backend'));
  backend.add(import('@backstage/plugin-catalog-backend-module-github-org'));
  backend.add(import('@backstage/plugin-catalog-backend-module-scaffolder-entity-model'));

  backend.add(import('@backstage/plugin-kubernetes-backend'));

  backend.add(import('@backstage/plugin-permission-backend'));
  backend.add(import('./policy'));

  backend.add(import('@backstage/plugin-scaffolder-backend'));
  backend.add(import('@backstage/plugin-scaffolder-backend-module-github'));
  backend.add(import('@internal/plugin-scaffolder-backend-module-billpay'));

  backend.add(import('@backstage/plugin-techdocs-backend'));

  await backend.start();
}

main().catch(error => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});
