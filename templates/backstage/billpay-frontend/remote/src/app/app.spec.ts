import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { Router, provideRouter } from '@angular/router';

import about from './about.json';
import { AppComponent } from './app.component';
import { ROUTES } from './app.routes';
import { CONFIG } from './config.token';

describe('the remote', () => {
  let fixture: ComponentFixture<AppComponent>;

  const page = () => fixture.nativeElement as HTMLElement;
  const heading = () => page().querySelector('h1')?.textContent;
  const visit = async (url: string) => {
    await fixture.ngZone?.run(() => TestBed.inject(Router).navigateByUrl(url));
    await fixture.whenStable();
    fixture.detectChanges();
  };

  /** By itself, or below a path as in a shell. */
  const run = (prefix: string) => {
    TestBed.configureTestingModule({
      providers: [
        provideRouter(prefix ? [{ path: prefix, children: ROUTES }] : ROUTES),
        { provide: CONFIG, useValue: { environment: 'test', apiUrl: '', metricsUrl: '' } },
      ],
    });
    fixture = TestBed.createComponent(AppComponent);
  };

  it('shows its first page, and the focus follows to the next', async () => {
    run('');
    await visit('/');
    expect(heading()).toBe(about.title);
    await visit('/help');
    expect(heading()).toBe('Help');
    expect(document.activeElement?.textContent).toBe('Help');
  });

  it('links to its own pages wherever a shell puts it', async () => {
    run('somewhere');
    await visit('/somewhere');
    expect(page().querySelector('main a')?.getAttribute('href')).toBe('/somewhere/help');
    await visit('/somewhere/help');
    expect(page().querySelector('main a')?.getAttribute('href')).toBe('/somewhere');
  });

  it('says that there is no such page', async () => {
    run('');
    await visit('/nowhere');
    expect(heading()).toBe('Page not found');
  });
});
