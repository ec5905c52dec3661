import { NOTHING, sum, times, type Usage } from './usage.ts';

/** Who is billed for: what follows is a day of each of them. */
export const DAILY_USERS = 1_000;
export const DAYS_A_MONTH = 30;

/** Two clients meet in a room so often, for so long. */
export const SESSIONS_A_DAY = 2;
export const SESSION_S = 20 * 60;
export const PEOPLE_A_ROOM = 2;

/** Within a session one of the two writes so often, for so long; it is quiet for a while afterwards, which counts as part of it. */
export const BURSTS_A_SESSION = 5;
export const BURST_S = 60;
export const QUIET_AFTER_BURST_S = 45;
/** Each is an update of its own and moves the writer's cursor, as editors' bindings for Yjs do. */
export const KEYSTROKES_A_MINUTE = 120;
/** The rest of a session both read, and move their cursors so often. */
export const CURSOR_MOVES_A_MINUTE = 6;

/** A new room, opened by one client. */
export const NEW_ROOMS_A_DAY = 1;
/** Stored all month, each as large as the room that was written in. */
export const ROOMS_KEPT = 50;

/** The dashboard is opened once a day and looked at for so long, during which it asks so often whether it is still true. */
export const DASHBOARD_S = 60;
const DASHBOARD_ASKS_EACH_S = 4;
/** With e-mail and password. */
export const DAYS_A_SIGN_IN = 7;
/** Once a session and each so often, as the README has it. A socket ends with its token, and its client connects again. */
export const TOKENS_A_SESSION = 2;
export const RECONNECTS_A_SESSION = 1;

/** Of one account, whatever its users do. */
const CRONS_A_DAY = 24 * 60;

/** What was measured, each once. */
export interface Pieces {
  /** A new room, opened by one client, who leaves. */
  readonly create: Usage;
  /** Two clients come. */
  readonly open: Usage;
  /** One writes, and all that comes of it. */
  readonly burst: Usage;
  /** Two clients read for a second. */
  readonly readSecond: Usage;
  /** One client's socket ends, and he comes again; nothing where sockets do not end by themselves. */
  readonly reconnect: Usage;
  /** Two clients leave. */
  readonly close: Usage;
  /** Bytes in the room that was written in. */
  readonly storedBytes: number;
  /** What is not sync; `null` where the server has nothing of the kind. */
  readonly around: {
    readonly signIn: Usage;
    readonly token: Usage;
    readonly openDashboard: Usage;
    readonly askDashboard: Usage;
    readonly cron: Usage;
  } | null;
}

/** What sync comes to in a month of all users. */
export function monthOfSync(pieces: Pieces): Usage {
  const reading = SESSION_S - BURSTS_A_SESSION * (BURST_S + QUIET_AFTER_BURST_S);
  const session = sum(
    pieces.open,
    times(pieces.burst, BURSTS_A_SESSION),
    times(pieces.readSecond, reading),
    times(pieces.reconnect, RECONNECTS_A_SESSION * PEOPLE_A_ROOM),
    pieces.close,
  );
  const sessions = times(session, (DAILY_USERS * SESSIONS_A_DAY) / PEOPLE_A_ROOM);
  return times(sum(sessions, times(pieces.create, DAILY_USERS * NEW_ROOMS_A_DAY)), DAYS_A_MONTH);
}

/** And what all the rest comes to. */
export function monthAround({ around }: Pieces): Usage {
  if (around === null) return NOTHING;
  const user = sum(
    times(around.signIn, 1 / DAYS_A_SIGN_IN),
    times(around.token, SESSIONS_A_DAY * TOKENS_A_SESSION),
    around.openDashboard,
    times(around.askDashboard, DASHBOARD_S / DASHBOARD_ASKS_EACH_S),
  );
  return times(sum(times(user, DAILY_USERS), times(around.cron, CRONS_A_DAY)), DAYS_A_MONTH);
}

export const storedGb = ({ storedBytes }: Pieces): number => (DAILY_USERS * ROOMS_KEPT * storedBytes) / 1e9;
