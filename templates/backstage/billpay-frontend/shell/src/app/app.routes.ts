import { inject } from '@angular/core';
import type { Route, Routes } from '@angular/router';

import type { Remote } from './config';
import { RemoteLoader } from './remotes/remote-loader';

/** The pages of the shell itself, and those of its remotes below their paths. */
export function shellRoutes(remotes: readonly Remote[]): Routes {
  return [
    {
      path: '',
      pathMatch: 'full',
      title: 'Home',
      loadComponent: async () => (await import('./home/home.component')).HomeComponent,
    },
    ...remotes.map(remoteRoute),
    {
      path: '**',
      title: 'Page not found',
      loadComponent: async () => (await import('./not-found.component')).NotFoundComponent,
    },
  ];
}

function remoteRoute(remote: Remote): Route {
  return {
    path: remote.path,
    title: remote.title,
    loadChildren: async () => {
      const loader = inject(RemoteLoader);
      try {
        return await loader.load(remote);
      } catch (error) {
        console.error(`The remote ${remote.name} can't be loaded:`, error);
        const { RemoteErrorComponent } = await import('./remotes/remote-error.component');
        const page = { component: RemoteErrorComponent, title: `${remote.title} is not available`, data: { remote } };
        return [
          { path: '', pathMatch: 'full', ...page },
          { path: '**', ...page },
        ];
      }
    },
  };
}
