// MessagePack: the data that JSON can hold, packed, and bytes. Extension types are not read: they stand for classes.
import { isUtf8 } from 'node:buffer'
import { Packr, Unpackr } from 'msgpackr'
import type { Mapper } from '../mapper.js'
import { badRequest } from '../problem.js'

/** How MessagePack is read. */
export interface MsgpackOptions {
  /** The deepest nesting that is read. @default 100 */
  depth?: number
}

/** A MessagePack mapper with options of your own. @example mappers: [json, msgpackWith({ depth: 10 })] */
export function msgpackWith({ depth = 100 }: MsgpackOptions = {}): Mapper {
  const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })
  const packr = new Packr(packing)
  return {
    name: 'msgpack',
    types: ['application/vnd.msgpack'],
    reads: ['application/msgpack', 'application/x-msgpack'],
    charset: false,
    parseBytes: (bytes) => {
      new Check(bytes, depth).run()
      return unpackr.unpack(bytes)
    },
    format: (data) => packr.pack(data),
  }
}

// As in JSON, a member that is undefined is not there, and an item of a list is null. (The types of the package do not know the last option.)
const packing = { useRecords: false, encodeUndefinedAsNil: true, skipValues: [undefined] }

/** MessagePack as it comes out of the box. */
export const msgpack: Mapper = msgpackWith()

// Goes through the bytes once before anything is made of them: that they are one value, whole, not too deep, without extensions
// and without keys that would reach for a prototype. So no length is believed that is not there.
class Check {
  readonly #bytes: Buffer
  readonly #depth: number
  #at = 0

  constructor(bytes: Buffer, depth: number) {
    this.#bytes = bytes
    this.#depth = depth
  }

  /** @throws Problem 400 */
  run(): void {
    this.#value(0, '')
    if (this.#at < this.#bytes.length) throw badRequest('There is something after the end of the MessagePack.')
  }

  // The table of https://github.com/msgpack/msgpack/blob/master/spec.md#formats, where the sizes of a kind double from one format to the next.
  #value(level: number, key: string): void {
    const first = this.#number(1)
    if (first < 0x80 || first >= 0xe0 || first === 0xc0 || first === 0xc2 || first === 0xc3) return
    if (first < 0x90) return this.#map(first & 0x0f, level, key)
    if (first < 0xa0) return this.#list(first & 0x0f, level)
    if (first < 0xc0) return void this.#text(first & 0x1f)
    if (first >= 0xc4 && first <= 0xc6) return void this.#take(this.#number(1 << (first - 0xc4)))
    if (first === 0xca || first === 0xcb) return void this.#take(4 << (first - 0xca))
    if (first >= 0xcc && first <= 0xcf) return void this.#take(1 << (first - 0xcc))
    if (first >= 0xd0 && first <= 0xd3) return void this.#take(1 << (first - 0xd0))
    if (first >= 0xd9 && first <= 0xdb) return void this.#text(this.#number(1 << (first - 0xd9)))
    if (first === 0xdc || first === 0xdd) return this.#list(this.#number(2 << (first - 0xdc)), level)
    if (first === 0xde || first === 0xdf) return this.#map(this.#number(2 << (first - 0xde)), level, key)
    throw badRequest(`The MessagePack has a type that is not read here: 0x${first.toString(16)}.`)
  }

  #list(items: number, level: number): void {
    this.#enter(level)
    for (let item = 0; item < items; item++) this.#value(level + 1, '')
  }

  #map(pairs: number, level: number, outer: string): void {
    this.#enter(level)
    for (let pair = 0; pair < pairs; pair++) {
      const key = this.#key()
      if (key === '__proto__' || (key === 'prototype' && outer === 'constructor'))
        throw badRequest('The MessagePack has a key that is not taken: __proto__, or prototype in constructor.')
      this.#value(level + 1, key)
    }
  }

  #enter(level: number): void {
    if (level >= this.#depth) throw badRequest(`The MessagePack is nested more than ${this.#depth} levels deep.`)
  }

  #key(): string {
    const first = this.#number(1)
    if (first >= 0xa0 && first < 0xc0) return this.#text(first & 0x1f)
    if (first >= 0xd9 && first <= 0xdb) return this.#text(this.#number(1 << (first - 0xd9)))
    throw badRequest('The MessagePack has a key that is not a text.')
  }

  #text(size: number): string {
    const bytes = this.#take(size)
    if (!isUtf8(bytes)) throw badRequest('The MessagePack has a text that is not UTF-8.')
    return bytes.toString()
  }

  #number(size: number): number {
    return this.#take(size).readUIntBE(0, size)
  }

  #take(size: number): Buffer {
    const start = this.#at
    this.#at += size
    if (this.#at > this.#bytes.length) throw badRequest('The MessagePack was cut off.')
    return this.#bytes.subarray(start, this.#at)
  }
}
