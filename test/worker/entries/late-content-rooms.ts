import { AccountEraser, DocumentRoom as Documents, WorkspaceRoom } from '../../../src/index.ts';
import worker from '../../../src/index.ts';

/**
 * The Worker with documents whose content is stored in a later transaction than their creation. A search for rooms without
 * their content must find some here (test/slow/create-with-content.test.ts).
 */
export default worker;
export { AccountEraser, WorkspaceRoom };

const STORAGE_DELAY_MS = 1_000;

const EMPTY_STATE_VECTOR = new Uint8Array([0]);

export class DocumentRoom extends Documents {
  override createWith(...args: Parameters<Documents['createWith']>): ReturnType<Documents['createWith']> {
    const [update, readmits, mayCreate, incarnation] = args;
    const created = this.create(readmits, mayCreate, incarnation);
    if (created.kind === 'reached')
      setTimeout(() => this.sync(EMPTY_STATE_VECTOR, update, []), STORAGE_DELAY_MS);
    return created;
  }
}
