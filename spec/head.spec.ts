import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { spelled, varyWith, writeHead } from '../lib/head.js'

const response = () => new ServerResponse(new IncomingMessage(new Socket()))

describe('the head of an answer', () => {
  it('spells the names that we write too as we do', () => {
    const given = { 'content-type': 'a/b', ETAG: '"x"', 'x-own': 1 }
    expect(spelled(given)).toEqual({ 'Content-Type': 'a/b', ETag: '"x"', 'x-own': 1 })
    expect(Object.keys(given)).toEqual(['content-type', 'ETAG', 'x-own'])
  })

  it('adds a name to Vary once, and keeps what was there', () => {
    const res = response()
    expect(varyWith(res, undefined, 'Accept')).toBe('Accept')
    expect(varyWith(res, { Vary: 'Origin' }, 'Accept')).toBe('Origin, Accept')
    res.setHeader('Vary', ['Cookie', 'accept'])
    expect(varyWith(res, undefined, 'Accept')).toBe('Cookie, accept')
    expect(varyWith(res, { Vary: 'Origin,cookie' }, 'Accept')).toBe('Cookie, accept, Origin')
    expect(varyWith(res, { Vary: '*' }, 'Accept')).toBe('*')
  })

  it('leaves nothing behind where it cannot be written', () => {
    const res = response()
    res.statusCode = 202
    res.setHeader('X-Theirs', 'kept')
    expect(() => writeHead(res, 201, { ETag: '"x"', 'X-Bad': 'a\nb' })).toThrow('X-Bad')
    expect([res.statusCode, res.getHeaderNames(), res.headersSent]).toEqual([202, ['x-theirs'], false])
  })
})
