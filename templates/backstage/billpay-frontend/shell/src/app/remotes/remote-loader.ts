import type { Routes } from '@angular/router';

import type { Remote } from '../config';

/** What remoteEntry.js exports. */
interface Container {
  init(shared: unknown): Promise<void> | void;
  get(module: string): Promise<() => unknown>;
}

declare const __webpack_init_sharing__: (scope: string) => Promise<void>;
declare const __webpack_share_scopes__: { readonly default: unknown };

/** Nobody looks at an empty page for longer. */
const PATIENCE_MS = 15_000;

/** Gets the routes of a remote from where it is deployed. */
export class RemoteLoader {
  private readonly failures = new Map<string, number>();

  /** The routes of a remote; it is an error if they can't be had in time. */
  async load(remote: Remote): Promise<Routes> {
    try {
      return await inTime(this.routes(remote));
    } catch (error) {
      this.failures.set(remote.entry, (this.failures.get(remote.entry) ?? 0) + 1);
      throw error;
    }
  }

  private async routes(remote: Remote): Promise<Routes> {
    const container = await this.container(this.address(remote));
    const exposed = (await container.get(remote.module))() as { routes?: () => Promise<Routes> };
    if (typeof exposed.routes !== 'function') {
      throw new Error(`${remote.module} of ${remote.name} does not export the function \`routes\``);
    }
    return exposed.routes();
  }

  /** Browsers remember a module that could not be loaded: another attempt needs another address. */
  private address(remote: Remote): string {
    const failures = this.failures.get(remote.entry);
    return failures ? `${remote.entry}?retry=${failures}` : remote.entry;
  }

  /** Tests put something else here. */
  protected async container(address: string): Promise<Container> {
    const container = (await import(/* webpackIgnore: true */ address)) as Container;
    await __webpack_init_sharing__('default');
    await container.init(__webpack_share_scopes__.default);
    return container;
  }
}

function inTime<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(late));
  });
}
