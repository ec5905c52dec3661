/** The unit of a figure. Tables show it after the title. */
export type Unit = 'ms' | 's' | 'bytes' | 'MB' | 'rows' | '1/s' | 'times' | 'count' | '$';

/** A column of a benchmark's table. */
export interface Figure {
  /** Key in the subjects' values. */
  readonly key: string;
  readonly title: string;
  readonly unit: Unit;
  /** `null`: informative only. */
  readonly better: 'lower' | 'higher' | null;
  /** After the decimal point. */
  readonly digits: number;
}

/** A measured subject, such as a server, with one value per round for each figure. */
export interface Subject {
  readonly name: string;
  /** `ours` is compared with each `peer`, and as a multiple of the `floor`, the least cost on this machine. */
  readonly role: 'ours' | 'peer' | 'floor';
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** Needed to interpret the figures, for example what is lost when the server is killed. */
  readonly remark?: string;
}

export interface BenchmarkOptions {
  /** A short run that only checks that benchmarks work. Its figures mean nothing. */
  readonly quick: boolean;
  /** Maximum rounds per subject; at least 1. */
  readonly maxRounds: number;
  /** A sequential editing trace for the benchmark that types a paper. */
  readonly traceFile: string | undefined;
  /** An empty folder, removed afterwards. */
  readonly folder: string;
  /** Prints progress. */
  readonly progress: (line: string) => void;
}

export interface Benchmark {
  /** Used by --only and in the results. */
  readonly name: string;
  /** Shown above the table: what is done and what is counted. */
  readonly method: string;
  readonly figures: readonly Figure[];
  /**
   * Everything that it starts has ended when it settles.
   * @throws if content is missing or wrong: then its speed means nothing
   */
  readonly run: (options: BenchmarkOptions) => Promise<readonly Subject[]>;
}
