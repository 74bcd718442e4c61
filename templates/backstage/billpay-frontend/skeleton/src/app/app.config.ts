import { provideHttpClient, withFetch } from '@angular/common/http';
import { type ApplicationConfig, ENVIRONMENT_INITIALIZER, ErrorHandler, inject } from '@angular/core';
import {
  Router,
  type Routes,
  TitleStrategy,
  provideRouter,
  withComponentInputBinding,
  withInMemoryScrolling,
} from '@angular/router';

import { CountedErrors } from './errors';
import { PageMetrics } from './page-metrics';
import { PageTitle } from './page-title';

export function appConfig(routes: Routes): ApplicationConfig {
  return {
    providers: [
      provideRouter(
        routes,
        withComponentInputBinding(),
        withInMemoryScrolling({ scrollPositionRestoration: 'enabled' }),
      ),
      provideHttpClient(withFetch()),
      { provide: ErrorHandler, useClass: CountedErrors },
      { provide: TitleStrategy, useClass: PageTitle },
      {
        provide: ENVIRONMENT_INITIALIZER,
        multi: true,
        useValue: () => inject(PageMetrics).watch(inject(Router)),
      },
    ],
  };
}
