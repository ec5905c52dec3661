import * as awareness from './laws/awareness.ts';
import * as writers from './laws/concurrent-writers.ts';
import * as convergence from './laws/convergence.ts';
import * as bystanders from './laws/echo-and-bystanders.ts';
import * as garbage from './laws/garbage.ts';
import * as large from './laws/large-documents.ts';
import * as late from './laws/late-joiners.ts';
import type { Law } from './server.ts';

export interface NamedLaw {
  readonly name: string;
  readonly law: Law;
}

/** Everything that the suite demands of a server. */
export const LAWS: readonly NamedLaw[] = [
  { name: 'two clients who come and go converge', law: convergence.twoConverge },
  { name: 'five clients who come and go converge', law: convergence.fiveConverge },
  { name: "a partitioned client's edits arrive when it returns", law: convergence.editsOfAPartitionArrive },
  { name: 'deletions made apart arrive as well', law: convergence.deletionsOfAPartitionArrive },
  { name: 'updates out of order are kept and completed', law: convergence.updatesOutOfOrderAreKept },
  { name: 'a late joiner has everything at its first synced', law: late.lateJoinerHasEverything },
  { name: 'a document outlives its clients', law: late.documentOutlivesItsClients },
  { name: 'an update is not echoed to its sender', law: bystanders.updateIsNotEchoed },
  { name: 'a sync reply goes to the asker alone', law: bystanders.replyGoesToTheAskerAlone },
  { name: "a newcomer sees everyone's awareness", law: awareness.newcomerSeesEveryone },
  { name: 'a change of awareness reaches everyone', law: awareness.changesReachEveryone },
  { name: "a leaver's awareness is cleared and nobody else's", law: awareness.leaverIsClearedAlone },
  { name: "a client's echo of others' awareness changes nothing", law: awareness.echoChangesNothing },
  { name: 'an update of 3 MB is joined whole', law: large.largeUpdateIsJoinedWhole },
  { name: 'a document of 3 MB in 30 updates is joined whole', law: large.largeDocumentIsJoinedWhole },
  { name: 'garbage frames disturb nobody else', law: garbage.garbageDisturbsNobody },
  { name: 'an update that is cut short changes nothing', law: garbage.updateCutShortChangesNothing },
  { name: 'a generated history of two writers ends as written', law: writers.generatedHistoryEndsAsWritten },
  { name: 'a recorded history of two writers ends as written', law: writers.recordedHistoryEndsAsWritten },
];
