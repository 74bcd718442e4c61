import { DOCUMENT } from '@angular/common';
import { DestroyRef, Injectable, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { type ActivatedRouteSnapshot, NavigationEnd, NavigationStart, type Router } from '@angular/router';
import { fromEvent } from 'rxjs';

import about from './about.json';
import { CONFIG } from './config.token';

type PageEvent = { type: 'view'; path: string; loadMs: number } | { type: 'error' };

/** The gateway takes no more than 50 in one request. */
const BATCH = 20;
/** A page that is broken in a loop says so often enough with these. */
const MOST_ERRORS = 50;

/** Sends views, load times and errors to the gateway, which makes metrics of them: of nobody, of no address. */
@Injectable({ providedIn: 'root' })
export class PageMetrics {
  private readonly url = inject(CONFIG).metricsUrl;
  private readonly window = inject(DOCUMENT).defaultView!;
  private readonly destroyed = inject(DestroyRef);
  private events: PageEvent[] = [];
  private errors = 0;
  private readonly on = this.url !== '' && this.window.navigator.doNotTrack !== '1';

  watch(router: Router): void {
    if (!this.on) return;
    // The first page began to load with the document itself.
    const [document] = this.window.performance.getEntriesByType('navigation');
    let begun: number | undefined = document?.startTime ?? 0;
    router.events.pipe(takeUntilDestroyed(this.destroyed)).subscribe((event) => {
      if (event instanceof NavigationStart) {
        begun ??= this.window.performance.now();
      } else if (event instanceof NavigationEnd) {
        const loadMs = Math.round(this.window.performance.now() - (begun ?? 0));
        begun = undefined;
        this.add({ type: 'view', path: pattern(router.routerState.snapshot.root), loadMs });
      }
    });
    fromEvent(this.window.document, 'visibilitychange')
      .pipe(takeUntilDestroyed(this.destroyed))
      .subscribe(() => {
        if (this.window.document.visibilityState === 'hidden') this.send();
      });
  }

  error(): void {
    if (!this.on || this.errors >= MOST_ERRORS) return;
    this.errors += 1;
    this.add({ type: 'error' });
  }

  private add(event: PageEvent): void {
    this.events.push(event);
    if (this.events.length >= BATCH) this.send();
  }

  private send(): void {
    if (!this.events.length) return;
    // As text, which browsers send to other origins without asking them first.
    this.window.navigator.sendBeacon(this.url, JSON.stringify({ frontend: about.name, events: this.events }));
    this.events = [];
  }
}

/** The pattern of a route, such as /bills/:id, and not the address: that can have people's data in it. */
function pattern(route: ActivatedRouteSnapshot): string {
  if (route.firstChild) return pattern(route.firstChild);
  const steps = route.pathFromRoot.map((step) => step.routeConfig?.path);
  return `/${steps.filter(Boolean).join('/')}`;
}
