import type { System, User } from '../../test/support/system.ts';
import { HttpClient } from './http-client.ts';
import type { Promised, WatchedRoom } from './promises.ts';

const PAUSE_MS = 10;

/** A room that no WebSocket was ever opened in: two clients post into it, and each is given what the other wrote. */
export class HttpRoom implements WatchedRoom {
  readonly kind = 'http';
  readonly path: string;
  readonly pasteUnderway = 0;
  readonly #clients: readonly HttpClient[];

  private constructor(path: string, clients: readonly HttpClient[]) {
    this.path = path;
    this.#clients = clients;
  }

  static async open(system: System, user: User, path: string, random: () => number): Promise<HttpRoom> {
    const created = await fetch(`${system.origin}${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${user.token}` },
    });
    if (created.status !== 201) throw new Error(`a PUT to ${path} was answered with ${created.status}`);
    return new HttpRoom(
      path,
      [0, 1].map(() => new HttpClient(system, user, path, random)),
    );
  }

  get promised(): Promised {
    return {
      seen: this.#clients.flatMap(({ seen }) => seen),
      answered: this.#clients.flatMap(({ answered }) => answered),
      acknowledged: [],
    };
  }

  outgrow(): void {
    // Its log stays short.
  }

  async work(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.work({ large: true, pauseMs: PAUSE_MS })));
  }

  rest(): void {
    for (const client of this.#clients) client.rest();
  }

  end(): void {
    for (const client of this.#clients) client.end();
  }

  leave(): void {
    // It holds nothing open.
  }
}
