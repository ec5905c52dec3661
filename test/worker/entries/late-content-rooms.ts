import { AccountEraser, DocumentRoom as Documents, WorkspaceRoom } from '../../../src/index.ts';
import worker from '../../../src/index.ts';

/**
 * The Worker with documents that are created first and get their content some time later, in a transaction of its own.
 * What looks for rooms without their content must find some here (test/slow/create-with-content.test.ts).
 */
export default worker;
export { AccountEraser, WorkspaceRoom };

const STORED_AFTER_MS = 1_000;

const NOTHING = new Uint8Array([0]);

export class DocumentRoom extends Documents {
  override createWith(...args: Parameters<Documents['createWith']>): ReturnType<Documents['createWith']> {
    const [update, readmits, mayCreate, incarnation] = args;
    const created = this.create(readmits, mayCreate, incarnation);
    if (created.kind === 'reached') setTimeout(() => this.sync(NOTHING, update, []), STORED_AFTER_MS);
    return created;
  }
}
