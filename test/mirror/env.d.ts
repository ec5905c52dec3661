/** The further Hyperdrive bindings of the project `mirror` in vitest.config.ts. */
declare namespace Cloudflare {
  interface Env {
    HYPERDRIVE_UNREACHABLE: Hyperdrive;
    HYPERDRIVE_WRONG_PASSWORD: Hyperdrive;
    HYPERDRIVE_UNKNOWN_USER: Hyperdrive;
    HYPERDRIVE_GRANTED: Hyperdrive;
    HYPERDRIVE_NO_DATABASE: Hyperdrive;
    HYPERDRIVE_UNMIGRATED: Hyperdrive;
    HYPERDRIVE_SILENT: Hyperdrive;
    HYPERDRIVE_FAULTY: Hyperdrive;
  }
}

/** A file's text. */
declare module '*?raw' {
  const text: string;
  export default text;
}
