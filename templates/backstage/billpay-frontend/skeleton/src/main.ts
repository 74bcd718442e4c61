import { loadConfig } from './app/config';

// Everything of Angular is behind this import: shared modules are there only after it.
loadConfig()
  .then(async () => (await import('./bootstrap')).bootstrap())
  .catch((error: unknown) => {
    console.error(error);
    const heading = document.createElement('h1');
    heading.textContent = 'This page can’t be shown';
    const reason = document.createElement('p');
    reason.textContent = error instanceof Error ? error.message : String(error);
    const alert = document.createElement('div');
    alert.setAttribute('role', 'alert');
    alert.className = 'card';
    alert.append(heading, reason);
    const main = document.createElement('main');
    main.append(alert);
    document.querySelector('app-root')?.replaceWith(main);
  });
