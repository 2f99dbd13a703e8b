import { describe, expect, it } from 'vitest'
import { accepted, created, noContent, Reply, reply, seeOther } from '../lib/index.js'

describe('a reply', () => {
  it('is data with a status and header fields', () => {
    expect(reply({ a: 1 }, { status: 203, headers: { 'X-A': 'b' } })).toEqual(Object.assign(new Reply({ a: 1 }), { status: 203, headers: { 'X-A': 'b' } }))
    expect(reply(1)).toMatchObject({ data: 1, status: undefined, headers: undefined })
  })

  it('has constructors for what is said often', () => {
    expect(created({ id: 1 }, { location: '/1' })).toMatchObject({ data: { id: 1 }, status: 201, headers: { Location: '/1' } })
    expect(created()).toMatchObject({ data: undefined, status: 201 })
    expect(accepted({ job: 1 }, { location: '/1', headers: { 'X-A': 'b' } })).toMatchObject({ status: 202, headers: { Location: '/1', 'X-A': 'b' } })
    expect(noContent({ 'X-A': 'b' })).toMatchObject({ data: undefined, status: 204, headers: { 'X-A': 'b' } })
    expect(seeOther('/1')).toMatchObject({ data: undefined, status: 303, headers: { Location: '/1' } })
  })

  it.each([100, 199, 600, 200.5, Number.NaN, '200' as never])('refuses the status %s', (status) => {
    expect(() => reply(1, { status })).toThrow(RangeError)
  })
})
