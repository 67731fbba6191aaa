// A meter that remembers: what was recorded, and what a collection reads.

import type {
  Attributes,
  InstrumentOptions,
  Meter,
  Observable,
  Observation,
} from "../../observe/otel.ts";

/** An instrument, and what has come to it. */
interface Instrument {
  name: string;
  options: InstrumentOptions | undefined;
  points: { value: number; attributes: Attributes | undefined }[];
}

type Callback = (observation: Observation) => void;

/** Keeps all that it is given. */
export class RecordingMeter implements Meter {
  readonly instruments = new Map<string, Instrument>();
  readonly callbacks: Callback[] = [];

  createHistogram(name: string, options?: InstrumentOptions): {
    record(value: number, attributes?: Attributes): void;
  } {
    const { points } = this.#create(name, options);
    return { record: (value, attributes) => void points.push({ value, attributes }) };
  }

  createObservableCounter(name: string, options?: InstrumentOptions): Observable {
    return this.#create(name, options);
  }

  createObservableUpDownCounter(name: string, options?: InstrumentOptions): Observable {
    return this.#create(name, options);
  }

  /** The same name is the same instrument. */
  #create(name: string, options: InstrumentOptions | undefined): Instrument {
    const instrument = this.instruments.get(name) ?? { name, options, points: [] };
    this.instruments.set(name, instrument);
    return instrument;
  }

  addBatchObservableCallback(callback: Callback, _instruments: Observable[]): void {
    this.callbacks.push(callback);
  }

  removeBatchObservableCallback(callback: Callback, _instruments: Observable[]): void {
    const i = this.callbacks.indexOf(callback);
    if (i >= 0) this.callbacks.splice(i, 1);
  }

  /** What the histogram of that name was given, in seconds. */
  recorded(name: string): number[] {
    return this.instruments.get(name)!.points.map(({ value }) => value);
  }

  /** What a collection reads: by the last part of a metric's name, with what its attributes have in `by`. */
  collect(by = "db.client.connection.state"): Record<string, number> {
    const read: Record<string, number> = {};
    const observe = (instrument: Observable, value: number, attributes?: Attributes) => {
      const name = (instrument as Instrument).name.replace("db.client.connection.", "");
      const value_ = attributes?.[by];
      read[value_ === undefined ? name : `${name} ${value_}`] = value;
    };
    // As the SDK does: one that is removed meanwhile would have the next one left out.
    this.callbacks.map((callback) => callback({ observe }));
    return read;
  }
}
