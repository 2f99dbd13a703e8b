// Decimal: numbers that no double holds, kept digit by digit, for formats that are told to be exact.

const numeral = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * A number as it was written, digit by digit. It counts as the nearest double in arithmetic and in JSON that is not exact;
 * `String(decimal)` is what a library for decimals takes.
 *
 * @example new Decimal('0.10000000000000000001')
 * @throws SyntaxError for what is not a number of JSON
 */
export class Decimal {
  readonly text: string

  constructor(text: string) {
    if (!numeral.test(text)) throw new SyntaxError(`${JSON.stringify(text.slice(0, 100))} is not a number.`)
    this.text = text
  }

  toString(): string {
    return this.text
  }

  valueOf(): number {
    return Number(this.text)
  }

  toJSON(): number {
    return Number(this.text)
  }
}

/** A numeral as a number where that is safe and exact, else as a BigInt or a {@link Decimal}; `undefined` for what is no numeral of JSON. */
export function readNumber(text: string): number | bigint | Decimal | undefined {
  if (!numeral.test(text)) return undefined
  const value = Number(text)
  if (!/[.eE]/.test(text)) return Number.isSafeInteger(value) ? value : text.length > longestInteger ? new Decimal(text) : BigInt(text)
  // Any 15 digits go through a double unharmed; beyond that it has to write itself the same.
  const digits = text.replace(/[eE].*|\D/g, '').replace(/^0+/, '')
  const exact = Number.isFinite(value) && (digits.length <= 15 || String(value) === text) && (value !== 0 || digits === '')
  return exact ? value : new Decimal(text)
}

// Reading a BigInt takes more than linear time.
const longestInteger = 1000
