import type { User } from '../../test/support/system.ts';

/** What people ask of Roomkeeper beside sync. Each is on the account of its name. */
export interface Accounts {
  makeRooms(count: number): Promise<void>;
  signIn(): Promise<void>;
  token(): Promise<void>;
  openDashboard(): Promise<void>;
  /** Whether the page is still true: not changed, it must not be sent again. */
  askDashboard(): Promise<void>;
  cron(): Promise<void>;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A browser's worth of cookies, as they were set last. */
class Cookies {
  readonly #values = new Map<string, string>();

  take(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const [name = '', ...value] = pair.split('=');
      this.#values.set(name, value.join('='));
    }
  }

  get header(): string {
    return [...this.#values].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

/** @param origin of a metered Roomkeeper */
export function accountsAt(origin: string, user: User): Accounts {
  const cookies = new Cookies();
  let etag = '';
  const ask = async (account: string, route: string, init: Asked, status: number): Promise<Response> => {
    const headers = { origin, cookie: cookies.header, 'x-account': account, ...init.headers };
    const response = await fetch(origin + route, { ...init, headers, redirect: 'manual' });
    await response.arrayBuffer();
    if (response.status !== status) throw new Error(`${route} was answered with ${response.status}`);
    cookies.take(response);
    return response;
  };
  return {
    async makeRooms(count) {
      const headers = { authorization: `Bearer ${user.token}`, cookie: '' };
      for (let room = 0; room < count; room++) {
        await ask('makeRooms', `/documents/kept-${room}`, { method: 'PUT', headers }, 201);
      }
    },
    async signIn() {
      const body = JSON.stringify({ email: user.email, password: user.password });
      const headers = { 'content-type': 'application/json' };
      await ask('signIn', '/api/auth/sign-in/email', { method: 'POST', headers, body }, 200);
    },
    async token() {
      const headers = { authorization: `Bearer ${user.token}`, cookie: '' };
      await ask('token', '/api/auth/token', { headers }, 200);
    },
    async openDashboard() {
      const page = await ask('openDashboard', '/dashboard', { headers: { accept: 'text/html' } }, 200);
      etag = page.headers.get('etag') ?? '';
    },
    async askDashboard() {
      const headers = { accept: 'text/html', 'if-none-match': etag };
      await ask('askDashboard', '/dashboard', { headers }, 304);
    },
    async cron() {
      await ask('cron', '/metered/cron', { method: 'POST' }, 200);
    },
  };
}
