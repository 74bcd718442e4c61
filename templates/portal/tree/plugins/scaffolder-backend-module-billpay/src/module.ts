import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { ScmIntegrations } from '@backstage/integration';
import { scaffolderActionsExtensionPoint } from '@backstage/plugin-scaffolder-node';
import { createScaffoldAction } from './action';

/** Adds the action `billpay:scaffold` to the scaffolder. */
export default createBackendModule({
  pluginId: 'scaffolder',
  moduleId: 'billpay',
  register(env) {
    env.registerInit({
      deps: {
        actions: scaffolderActionsExtensionPoint,
        config: coreServices.rootConfig,
        reader: coreServices.urlReader,
      },
      async init({ actions, config, reader }) {
        const integrations = ScmIntegrations.fromConfig(config);
        actions.addActions(
          createScaffoldAction({
            binary: config.getOptionalString('billpay.binary') ?? 'billpay',
            timeoutSeconds: config.getOptionalNumber('billpay.timeoutSeconds') ?? 120,
            integrations,
            reader,
          }),
        );
      },
    });
  },
});
