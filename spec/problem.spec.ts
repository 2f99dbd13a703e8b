import { describe, expect, it } from 'vitest'
import {
  badRequest,
  conflict,
  contentTooLarge,
  forbidden,
  gone,
  internalError,
  mapError,
  methodNotAllowed,
  notAcceptable,
  notFound,
  notImplemented,
  Problem,
  preconditionFailed,
  preconditionRequired,
  serviceUnavailable,
  tooManyRequests,
  unauthorized,
  unprocessableContent,
  unsupportedMediaType,
} from '../lib/index.js'
import { problemOf } from '../lib/problem.js'

describe('a problem', () => {
  it('is an error with a status, a title and a sentence', () => {
    const problem = new Problem(409, 'The name is taken.', { cause: 'why' })
    expect(problem).toBeInstanceOf(Error)
    expect(problem.message).toBe('The name is taken.')
    expect(problem.cause).toBe('why')
    expect(problem.toJSON()).toEqual({ type: 'about:blank', title: 'Conflict', status: 409, detail: 'The name is taken.' })
    expect(Object.keys(new Problem(400, 'a', { instance: '/b', members: { c: 1 } }).toJSON())).toEqual(['type', 'title', 'status', 'detail', 'instance', 'c'])
  })

  it('has no detail where nobody said one', () => {
    expect(new Problem(404).toJSON()).toEqual({ type: 'about:blank', title: 'Not Found', status: 404 })
    expect(new Problem(404).message).toBe('Not Found')
  })

  it('uses the names of RFC 9110, and some name for any status', () => {
    expect(new Problem(413).title).toBe('Content Too Large')
    expect(new Problem(422).title).toBe('Unprocessable Content')
    expect(new Problem(499).title).toBe('Error')
  })

  it.each(['type', 'title', 'status', 'detail', 'instance', '__proto__'])('keeps its own %s whatever the members say', (name) => {
    const members = JSON.parse(`{"${name}":"evil","other":1}`)
    const document = new Problem(400, 'fine', { type: '/t', title: 'T', instance: '/i', members }).toJSON()
    expect(document).toEqual({ type: '/t', title: 'T', status: 400, detail: 'fine', instance: '/i', other: 1 })
    expect(Object.getPrototypeOf(document)).toBe(Object.prototype)
    expect(new Problem(400, undefined, { members }).toJSON()).not.toHaveProperty(['detail'])
  })

  it.each([200, 399, 600, 0, -1, 400.5, Number.NaN, '400' as never, undefined as never])('refuses the status %s', (status) => {
    expect(() => new Problem(status)).toThrow(RangeError)
  })

  it.each([
    ['badRequest', badRequest, 400],
    ['forbidden', forbidden, 403],
    ['notFound', notFound, 404],
    ['notAcceptable', notAcceptable, 406],
    ['conflict', conflict, 409],
    ['gone', gone, 410],
    ['preconditionFailed', preconditionFailed, 412],
    ['contentTooLarge', contentTooLarge, 413],
    ['unsupportedMediaType', unsupportedMediaType, 415],
    ['unprocessableContent', unprocessableContent, 422],
    ['preconditionRequired', preconditionRequired, 428],
    ['tooManyRequests', tooManyRequests, 429],
    ['internalError', internalError, 500],
    ['notImplemented', notImplemented, 501],
    ['serviceUnavailable', serviceUnavailable, 503],
  ] as const)('has a constructor %s', (_name, make, status) => {
    const problem = make('why', { members: { a: 1 }, headers: { 'X-A': 'b' }, type: '/t' })
    expect(problem).toBeInstanceOf(Problem)
    expect(problem.toJSON()).toMatchObject({ status, detail: 'why', a: 1, type: '/t' })
    expect(problem.headers).toEqual({ 'X-A': 'b' })
    expect(make().status).toBe(status)
  })

  it('has constructors that ask for the header field that belongs to the status', () => {
    expect(unauthorized('why', { challenge: 'Bearer' })).toMatchObject({ status: 401, headers: { 'WWW-Authenticate': 'Bearer' } })
    expect(methodNotAllowed(undefined, { allow: ['GET', 'PUT'] })).toMatchObject({ status: 405, headers: { Allow: 'GET, PUT' } })
    expect(tooManyRequests(undefined, { retryAfter: 3, headers: { 'X-A': 'b' } }).headers).toEqual({ 'Retry-After': 3, 'X-A': 'b' })
    expect(serviceUnavailable('away', { retryAfter: 0 }).headers).toEqual({ 'Retry-After': 0 })
  })
})

describe('the problem that an error is', () => {
  class Missing extends Error {}
  const http = (fields: object) => Object.assign(new Error('told'), fields)

  it('is the error itself where it is one', () => {
    const problem = new Problem(404)
    expect(problemOf(problem, [mapError(Error, () => new Problem(400))])).toBe(problem)
  })

  it('is what the first rule that fits says', () => {
    const rules = [mapError(Missing, () => undefined), mapError(Missing, () => new Problem(404)), mapError(Error, () => new Problem(400))]
    expect(problemOf(new Missing(), rules)?.status).toBe(404)
    expect(problemOf(new Error(), rules)?.status).toBe(400)
    expect(problemOf('text', rules)).toBeUndefined()
  })

  it('has the status that the error carries, 500 excepted', () => {
    expect(problemOf(http({ status: 404 }))?.status).toBe(404)
    expect(problemOf(http({ statusCode: 502 }))?.status).toBe(502)
    for (const status of [500, 200, 399, 600, 404.5, '404', null]) expect(problemOf(http({ status }))).toBeUndefined()
    expect(problemOf({ status: 404 })).toBeUndefined()
    expect(problemOf(undefined)).toBeUndefined()
  })

  it('tells the message and header fields of the error only where it says so', () => {
    expect(problemOf(http({ status: 404, expose: true, headers: { 'x-a': 'b' } }))).toMatchObject({ detail: 'told', headers: { 'x-a': 'b' } })
    expect(problemOf(http({ status: 503, expose: false, headers: { 'retry-after': '5' } }))).toMatchObject({
      detail: undefined,
      headers: { 'retry-after': '5' },
    })
    expect(problemOf(http({ status: 404, headers: { 'set-cookie': 'theirs' } }))).toMatchObject({ detail: undefined, headers: {} })
  })
})
