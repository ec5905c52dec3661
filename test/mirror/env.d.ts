/** The further Hyperdrive bindings of the project `mirror` in vitest.config.ts. */
declare namespace Cloudflare {
  interface Env {
    HYPERDRIVE_UNREACHABLE: Hyperdrive;
    HYPERDRIVE_WRONG_PASSWORD: Hyperdrive;
    HYPERDRIVE_UNMIGRATED: Hyperdrive;
    HYPERDRIVE_SILENT: Hyperdrive;
    HYPERDRIVE_FAULTY: Hyperdrive;
  }
}
