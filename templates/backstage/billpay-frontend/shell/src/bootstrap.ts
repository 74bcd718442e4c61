import { bootstrapApplication } from '@angular/platform-browser';

import { AppComponent } from './app/app.component';
import { appConfig } from './app/app.config';
import { currentConfig } from './app/config';
import { shellRoutes } from './app/app.routes';

export async function bootstrap(): Promise<void> {
  await bootstrapApplication(AppComponent, appConfig(shellRoutes(currentConfig().remotes)));
}
