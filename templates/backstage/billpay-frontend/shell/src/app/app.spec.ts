import { Component } from '@angular/core';
import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { Router, type Routes, provideRouter, withComponentInputBinding } from '@angular/router';

import { AppComponent } from './app.component';
import { shellRoutes } from './app.routes';
import type { Remote } from './config';
import { CONFIG } from './config.token';
import { RemoteLoader } from './remotes/remote-loader';

@Component({ standalone: true, template: '<h1>All bills</h1>' })
class BillsComponent {}

/** A network of one remote, which can be down. */
class Network extends RemoteLoader {
  down = false;
  readonly asked: string[] = [];
  exposed: unknown = { routes: async (): Promise<Routes> => [{ path: '', component: BillsComponent }] };

  protected override async container(address: string) {
    this.asked.push(address);
    if (this.down) throw new TypeError('Failed to fetch');
    return { init: () => undefined, get: async () => () => this.exposed };
  }
}

describe('the shell', () => {
  const entry = 'https://bills.example.com/remoteEntry.js';
  const remotes: Remote[] = [{ name: 'bills', title: 'Bills', path: 'bills', entry, module: './routes' }];
  let fixture: ComponentFixture<AppComponent>;
  let network: Network;

  const page = () => fixture.nativeElement as HTMLElement;
  const heading = () => page().querySelector('h1')?.textContent;
  const visit = async (url: string) => {
    await fixture.ngZone?.run(() => TestBed.inject(Router).navigateByUrl(url));
    await fixture.whenStable();
    fixture.detectChanges();
  };

  beforeEach(async () => {
    network = new Network();
    TestBed.configureTestingModule({
      providers: [
        provideRouter(shellRoutes(remotes, network), withComponentInputBinding()),
        { provide: CONFIG, useValue: { environment: 'test', apiUrl: '', metricsUrl: '', remotes } },
      ],
    });
    fixture = TestBed.createComponent(AppComponent);
    await visit('/');
  });

  it('leads to its remotes', () => {
    const links = Array.from(page().querySelectorAll('nav a'), (link) => link.getAttribute('href'));
    expect(links).toEqual(['/', '/bills']);
    expect(page().querySelector('a.card')?.textContent).toContain('Bills');
  });

  it('shows the pages of a remote, with the focus on their heading', async () => {
    await visit('/bills');
    expect(heading()).toBe('All bills');
    expect(document.activeElement?.textContent).toBe('All bills');
    expect(document.title).toContain('Bills');
  });

  it('says that a remote is not available, lives on, and tries again', async () => {
    spyOn(console, 'error');
    network.down = true;
    await visit('/bills/4711');
    expect(heading()).toBe('Bills is not available');
    await visit('/');
    expect(heading()).not.toContain('not available');

    await visit('/bills');
    network.down = false;
    page().querySelector('button')?.click();
    await fixture.whenStable();
    fixture.detectChanges();
    expect(heading()).toBe('All bills');
    expect(network.asked).toEqual([entry, `${entry}?retry=1`]);
  });

  it('takes a remote that exposes something else for one that is not available', async () => {
    spyOn(console, 'error');
    network.exposed = { ROUTES: [] };
    await visit('/bills');
    expect(heading()).toBe('Bills is not available');
  });

  it('says that a page of a remote is gone, and leaves what was there', async () => {
    const gone = async () => Promise.reject(new Error('Loading chunk 1 failed'));
    network.exposed = { routes: async () => [{ path: '', loadComponent: gone }] };
    await expectAsync(visit('/bills')).toBeRejected();
    fixture.detectChanges();
    expect(page().querySelector('[role=alert] a')?.getAttribute('href')).toBe('/bills');
    expect(page().querySelector('a.card')?.textContent).toContain('Bills');
    await visit('/nowhere');
    expect(page().querySelector('[role=alert]')).toBeNull();
  });

  it('says that there is no such page', async () => {
    await visit('/nowhere');
    expect(heading()).toBe('Page not found');
  });
});
