import { createApp } from '@backstage/frontend-defaults';
import { signIn } from './signIn';

// The plugins are found in package.json: `app.packages: all` in app-config.yaml.
export default createApp({ features: [signIn] });
