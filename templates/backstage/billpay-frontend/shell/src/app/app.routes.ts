import type { Route, Routes } from '@angular/router';

import type { Remote } from './config';
import { RemoteLoader } from './remotes/remote-loader';

/** The pages of the shell itself, and those of its remotes below their paths. */
export function shellRoutes(remotes: readonly Remote[], loader = new RemoteLoader()): Routes {
  const again = () => shellRoutes(remotes, loader);
  return [
    {
      path: '',
      pathMatch: 'full',
      title: 'Home',
      loadComponent: async () => (await import('./home/home.component')).HomeComponent,
    },
    ...remotes.map((remote) => remoteRoute(remote, loader, again)),
    {
      path: '**',
      title: 'Page not found',
      loadComponent: async () => (await import('./not-found.component')).NotFoundComponent,
    },
  ];
}

function remoteRoute(remote: Remote, loader: RemoteLoader, again: () => Routes): Route {
  return {
    path: remote.path,
    title: remote.title,
    loadChildren: async () => {
      try {
        return await loader.load(remote);
      } catch (error) {
        console.error(`The remote ${remote.name} can't be loaded:`, error);
        const { RemoteErrorComponent } = await import('./remotes/remote-error.component');
        const page = {
          component: RemoteErrorComponent,
          title: `${remote.title} is not available`,
          data: { remote, again },
        };
        return [
          { path: '', pathMatch: 'full', ...page },
          { path: '**', ...page },
        ];
      }
    },
  };
}
