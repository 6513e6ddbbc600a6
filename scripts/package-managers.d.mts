/** Types of package-managers.mjs, which stays plain JavaScript so that it runs before anything is built. */
export interface FoundProgram {
  readonly file: string;
  readonly version: string | undefined;
}

export interface Machine {
  /** Whether a command is on the PATH. */
  readonly has: (command: string) => boolean;
  readonly isRoot: boolean;
}

/** The packages to try, the best first, each as arguments for the package manager. */
export type Packages = Readonly<Record<'apt-get' | 'apk' | 'dnf' | 'brew', readonly (readonly string[])[]>>;

export interface Installation {
  /** Name of the script, for its output. */
  readonly script: string;
  readonly path: string;
  readonly packages: Packages;
  readonly find: (path: string) => FoundProgram | undefined;
  /** The program, for messages. */
  readonly wanted: string;
  readonly howToInstall: string;
}

export function findOnPath(name: string, path: string): string | undefined;
export function printedVersion(file: string): string;
export function planInstall(machine: Machine, packages: Packages): string[][] | undefined;
export function install(installation: Installation): FoundProgram;
export function runAsScript(moduleUrl: string, script: string, ensure: (path: string) => FoundProgram): void;
