import type { Routes } from '@angular/router';

import about from './about.json';

/** A shell puts these below a path of its choice: links between them are relative. */
export const ROUTES: Routes = [
  {
    path: '',
    pathMatch: 'full',
    title: about.title,
    loadComponent: async () => (await import('./overview/overview.component')).OverviewComponent,
  },
  {
    path: 'help',
    title: 'Help',
    loadComponent: async () => (await import('./help/help.component')).HelpComponent,
  },
  {
    path: '**',
    title: 'Page not found',
    loadComponent: async () => (await import('./not-found.component')).NotFoundComponent,
  },
];
