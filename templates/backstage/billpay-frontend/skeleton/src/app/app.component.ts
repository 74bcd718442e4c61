import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  Injector,
  afterNextRender,
  inject,
  viewChild,
} from '@angular/core';
import { takeUntilDestroyed, toSignal } from '@angular/core/rxjs-interop';
import {
  NavigationCancel,
  NavigationEnd,
  NavigationError,
  NavigationStart,
  Router,
  RouterLink,
  RouterLinkActive,
  RouterOutlet,
} from '@angular/router';
import { filter, map, skip } from 'rxjs';

import about from './about.json';
import { CONFIG } from './config.token';
import { links } from './links';

/** What is around every page. */
@Component({
  selector: 'app-root',
  standalone: true,
  imports: [RouterLink, RouterLinkActive, RouterOutlet],
  templateUrl: './app.component.html',
  styleUrl: './app.component.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class AppComponent {
  protected readonly title = about.title;
  protected readonly environment = inject(CONFIG).environment;
  protected readonly links = links();

  private readonly main = viewChild.required<ElementRef<HTMLElement>>('main');
  private readonly events = inject(Router).events;

  /** Whether another page is on its way. */
  protected readonly loading = toSignal(
    this.events.pipe(
      filter(
        (event) =>
          event instanceof NavigationStart ||
          event instanceof NavigationEnd ||
          event instanceof NavigationCancel ||
          event instanceof NavigationError,
      ),
      map((event) => event instanceof NavigationStart),
    ),
    { initialValue: true },
  );

  /** The address of a page that could not be loaded, as when its files went with a new deployment. */
  protected readonly failed = toSignal(
    this.events.pipe(
      filter((event) => event instanceof NavigationStart || event instanceof NavigationError),
      map((event) => (event instanceof NavigationError ? event.url : undefined)),
    ),
  );

  constructor() {
    const injector = inject(Injector);
    // The first page is read out by itself, as every document is.
    this.events
      .pipe(
        filter((event) => event instanceof NavigationEnd),
        skip(1),
        takeUntilDestroyed(),
      )
      .subscribe(() => afterNextRender(() => this.focus(), { injector }));
  }

  /** To the content, past the navigation; a link to `#main` would leave the page for the first one. */
  protected skip(event: Event): void {
    event.preventDefault();
    this.focus();
  }

  /** The heading of the page gets the focus, and so it is read out. */
  private focus(): void {
    const main = this.main().nativeElement;
    const target = main.querySelector<HTMLElement>('h1') ?? main;
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
  }
}
