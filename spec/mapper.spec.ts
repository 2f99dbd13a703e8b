import { describe, expect, it } from 'vitest'
import { form, json, mappers, text, xml } from '../lib/index.js'
import { checkMapper, encode } from '../lib/mapper.js'

describe('a mapper', () => {
  it.each([json, text, xml, form])('$name keeps the contract', (mapper) => {
    expect(() => checkMapper(mapper, 'here')).not.toThrow()
  })

  it('is one of json, text, xml and form out of the box, JSON first', () => {
    expect(mappers).toEqual([json, text, xml, form])
  })

  it('is refused with a sentence that begins with where it stands', () => {
    expect(() => checkMapper({ name: 'x', types: [] }, 'here')).toThrow(/^here: the mapper 'x' needs a list of media types/)
    expect(() => checkMapper(null as never, 'here')).toThrow(/^here: a mapper is an object/)
  })

  it('may have media types with parameters', () => {
    expect(() => checkMapper({ name: 'x', types: ['text/csv; header=present', 'a/b;c="d e"'], format: () => '' }, 'here')).not.toThrow()
    for (const type of ['text', 'text/', '/csv', 'text/csv;', 'text/csv; header', 'te xt/csv', 'text/csv\r\nX: y'])
      expect(() => checkMapper({ name: 'x', types: [type], format: () => '' }, 'here')).toThrow(TypeError)
  })
})

describe('a text in a charset', () => {
  it('is bytes', () => {
    expect([...encode('é', 'utf-8')]).toEqual([0xc3, 0xa9])
    expect([...encode('é', 'utf-16le')]).toEqual([0xe9, 0])
    expect([...encode('é', 'iso-8859-1')]).toEqual([0xe9])
    expect([...encode('e', 'us-ascii')]).toEqual([0x65])
  })

  it('is refused where the charset has no such letter', () => {
    expect(() => encode('€', 'iso-8859-1')).toThrow(new RangeError('iso-8859-1 has no letter for U+20ac.'))
    expect(() => encode('é', 'us-ascii')).toThrow(RangeError)
  })
})
