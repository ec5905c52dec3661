/** What a figure counts. The table says it behind the figure's title, where it is not plain from it. */
export type Unit = 'ms' | 's' | 'bytes' | 'MB' | 'rows' | '1/s' | 'times' | 'count' | '$';

/** A column of a benchmark's table. */
export interface Figure {
  /** By which a subject's values name it. */
  readonly key: string;
  readonly title: string;
  readonly unit: Unit;
  /** `null`: neither; it is told, and nobody wins or loses by it. */
  readonly better: 'lower' | 'higher' | null;
  /** After the decimal point. */
  readonly digits: number;
}

/** What was measured, such as a server, and each figure's values: one a round, in the order of the rounds. */
export interface Subject {
  readonly name: string;
  /** `ours` is measured against `peer`s and, as a multiple, against a `floor`, below which nobody can come on this machine. */
  readonly role: 'ours' | 'peer' | 'floor';
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** What one must know to read its figures, such as what it loses when it is killed. */
  readonly remark?: string;
}

export interface BenchmarkOptions {
  /** A little of everything, to see that it works: the figures mean nothing. */
  readonly quick: boolean;
  /** How often each subject may have its turn at most, where a benchmark would give it more: at least 1. */
  readonly maxRounds: number;
  /** A sequential editing trace for the benchmark that types a paper. */
  readonly traceFile: string | undefined;
  /** An empty folder of its own, removed afterwards. */
  readonly folder: string;
  /** Tells whoever waits what is done now. */
  readonly progress: (line: string) => void;
}

/** One table. */
export interface Benchmark {
  /** By which it is chosen and called in what is written. */
  readonly name: string;
  /** What is done and what is counted, in a sentence or a few, for who reads the table. */
  readonly method: string;
  readonly figures: readonly Figure[];
  /**
   * Measures it. Whatever it starts has ended when it settles.
   * @throws where anything that was sent did not arrive, or is not what it should be: a wrong answer has no speed
   */
  readonly run: (options: BenchmarkOptions) => Promise<readonly Subject[]>;
}
