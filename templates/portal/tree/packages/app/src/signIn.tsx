import { SignInPage } from '@backstage/core-components';
import { configApiRef, githubAuthApiRef, useApi } from '@backstage/core-plugin-api';
import { createFrontendModule } from '@backstage/frontend-plugin-api';
import { SignInPageBlueprint, type SignInPageProps } from '@backstage/plugin-app-react';

const github = {
  id: 'github',
  title: 'GitHub',
  message: 'Sign in with your GitHub account',
  apiRef: githubAuthApiRef,
};

/** GitHub in production, a guest on a developer's machine. */
function Page(props: SignInPageProps) {
  const production = useApi(configApiRef).getOptionalString('auth.environment') === 'production';
  return production ? <SignInPage {...props} provider={github} auto={false} /> : <SignInPage {...props} providers={['guest']} />;
}

export const signIn = createFrontendModule({
  pluginId: 'app',
  extensions: [SignInPageBlueprint.make({ params: { loader: async () => Page } })],
});
