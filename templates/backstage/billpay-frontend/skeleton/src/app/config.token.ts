import { InjectionToken } from '@angular/core';

import { type Config, currentConfig } from './config';

export const CONFIG = new InjectionToken<Config>('config.json', { factory: currentConfig });
