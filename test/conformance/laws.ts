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

/** All laws of the suite. */
export const LAWS: readonly NamedLaw[] = [
  { name: 'two clients that disconnect and reconnect converge', law: convergence.twoClientsConverge },
  { name: 'five clients that disconnect and reconnect converge', law: convergence.fiveClientsConverge },
  {
    name: 'edits of a partitioned client arrive after it reconnects',
    law: convergence.partitionedEditsArrive,
  },
  {
    name: 'deletions of a partitioned client arrive after it reconnects',
    law: convergence.partitionedDeletionsArrive,
  },
  {
    name: 'updates that arrive out of order are stored and applied',
    law: convergence.updatesOutOfOrderAreKept,
  },
  { name: 'a late joiner has all content at its first synced', law: late.lateJoinerHasEverything },
  { name: 'a document outlives its clients', law: late.documentOutlivesItsClients },
  { name: 'an update is not echoed to its sender', law: bystanders.updateIsNotEchoed },
  { name: 'a sync reply goes to the requester only', law: bystanders.replyGoesToRequesterOnly },
  { name: 'a newcomer sees the awareness of all clients', law: awareness.newcomerSeesAllClients },
  { name: 'a change of awareness reaches all clients', law: awareness.changesReachAllClients },
  { name: "only a leaver's awareness is cleared", law: awareness.onlyLeaverIsCleared },
  { name: "a client's echo of others' awareness changes nothing", law: awareness.echoChangesNothing },
  { name: 'a late joiner gets all of an update of 3 MB', law: large.largeUpdateIsComplete },
  { name: 'a late joiner gets all of a document of 3 MB in 30 updates', law: large.largeDocumentIsComplete },
  { name: 'garbage frames do not affect other clients', law: garbage.garbageAffectsNoOtherClient },
  { name: 'a truncated update changes nothing', law: garbage.truncatedUpdateChangesNothing },
  { name: 'two concurrent writers read one text', law: writers.concurrentWritersReadOneText },
];
