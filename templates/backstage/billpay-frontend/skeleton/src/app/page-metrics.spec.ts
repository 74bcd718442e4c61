import { Component, NgZone } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Router, provideRouter } from '@angular/router';

import { CONFIG } from './config.token';
import { PageMetrics } from './page-metrics';

@Component({ standalone: true, template: '' })
class PageComponent {}

describe('page metrics', () => {
  let beacon: jasmine.Spy;

  const start = (metricsUrl: string) => {
    const routes = [
      { path: 'bills/:id', component: PageComponent },
      { path: '**', component: PageComponent },
    ];
    TestBed.configureTestingModule({
      providers: [provideRouter(routes), { provide: CONFIG, useValue: { metricsUrl } }],
    });
    const metrics = TestBed.inject(PageMetrics);
    metrics.watch(TestBed.inject(Router));
    return metrics;
  };

  const leave = () => {
    spyOnProperty(document, 'visibilityState').and.returnValue('hidden');
    document.dispatchEvent(new Event('visibilitychange'));
  };

  beforeEach(() => {
    beacon = spyOn(navigator, 'sendBeacon').and.returnValue(true);
  });

  it('are sent together when the page is left', async () => {
    const metrics = start('https://api.example.com/page-metrics');
    await TestBed.inject(NgZone).run(() => TestBed.inject(Router).navigateByUrl('/bills/4711'));
    metrics.error();
    expect(beacon).not.toHaveBeenCalled();
    leave();
    const [url, body] = beacon.calls.mostRecent().args;
    expect(url).toBe('https://api.example.com/page-metrics');
    expect(JSON.parse(body).events).toEqual([
      { type: 'view', path: '/bills/:id', loadMs: jasmine.any(Number) },
      { type: 'error' },
    ]);
  });

  it('are not sent without an address', () => {
    start('').error();
    leave();
    expect(beacon).not.toHaveBeenCalled();
  });

  it('are not sent for people who do not want to be tracked', () => {
    spyOnProperty(navigator, 'doNotTrack').and.returnValue('1');
    start('https://api.example.com/page-metrics').error();
    leave();
    expect(beacon).not.toHaveBeenCalled();
  });

  it('are sent in parts that the gateway takes, and errors not without end', () => {
    const metrics = start('https://api.example.com/page-metrics');
    for (let number = 0; number < 1000; number += 1) metrics.error();
    const sizes = beacon.calls.allArgs().map(([, body]) => JSON.parse(body).events.length);
    expect(sizes).toEqual([20, 20]);
  });
});
