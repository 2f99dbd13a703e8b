import express, { type ErrorRequestHandler } from 'express'
import { describe, expect, it, vi } from 'vitest'
import { conflict, json, type Mapper, mapError, Problem, type ProblemsOptions, problems, resource } from '../lib/index.js'
import { serveApp } from './support/serve.js'

class Taken extends Error {}

async function start(options?: ProblemsOptions, setUp: (app: express.Express) => void = () => {}) {
  const app = express()
  setUp(app)
  app.use(
    resource('things', {
      get: () => {
        throw new Error('secret of a resource')
      },
    }),
  )
  app.get('/bug', () => {
    throw new Error('secret')
  })
  app.get('/text', () => {
    throw 'secret text'
  })
  app.get('/problem', () => {
    throw new Problem(410, 'Long gone.', { members: { since: 1999 }, headers: { 'X-A': 'b' } })
  })
  app.get('/taken', () => {
    throw new Taken('taken')
  })
  app.get('/half', (_req, res) => {
    res.write('half')
    throw new Error('secret')
  })
  app.post('/json', express.json({ limit: 100 }), (req, res) => {
    res.json(req.body)
  })
  app.use(problems(options))
  return serveApp(app)
}

const log = () => {}

describe('problems()', () => {
  it('makes what was not found a 404 problem', async () => {
    const { get } = await start()
    const response = await get('/nowhere')
    expect([response.status, response.headers.get('content-type'), response.headers.get('vary')]).toEqual([
      404,
      'application/problem+json; charset=utf-8',
      'Accept',
    ])
    expect(await response.json()).toEqual({ type: 'about:blank', title: 'Not Found', status: 404, detail: 'Nothing is here.' })
  })

  it('makes an unknown error a 500 with a fixed text, and tells the log', async () => {
    const seen: unknown[] = []
    const { get } = await start({ log: (error, req) => seen.push((error as Error).message ?? error, req.path) })
    for (const path of ['/bug', '/text', '/things']) {
      const response = await get(path)
      expect(response.status).toBe(500)
      expect(await response.json()).toEqual({ type: 'about:blank', title: 'Internal Server Error', status: 500, detail: 'Something went wrong on the server.' })
    }
    expect(seen).toEqual(['secret', '/bug', 'secret text', '/text', 'secret of a resource', '/things'])
  })

  it('shows the stack only when asked', async () => {
    const { get } = await start({ log, stack: true })
    expect(await (await get('/bug')).json()).toMatchObject({ stack: expect.stringContaining('Error: secret\n') })
    expect(await (await get('/text')).json()).not.toHaveProperty('stack')
    expect(await (await get('/nowhere')).json()).not.toHaveProperty('stack')
  })

  it('sends a problem as it is', async () => {
    const { get } = await start()
    const response = await get('/problem')
    expect([response.status, response.headers.get('x-a')]).toEqual([410, 'b'])
    expect(await response.json()).toMatchObject({ detail: 'Long gone.', since: 1999 })
  })

  it("keeps the status of errors that carry one, body-parser's among them", async () => {
    const { send } = await start({ log })
    const broken = await send('POST', '/json', '{"a":', { 'Content-Type': 'application/json' })
    expect([broken.status, broken.headers.get('content-type')]).toEqual([400, 'application/problem+json; charset=utf-8'])
    expect((await send('POST', '/json', JSON.stringify('a'.repeat(200)), { 'Content-Type': 'application/json' })).status).toBe(413)
    expect((await send('POST', '/json', '{}', { 'Content-Type': 'application/json; charset=klingon' })).status).toBe(415)
  })

  it("maps classes of the application's own", async () => {
    const { get } = await start({ errors: [mapError(Taken, ({ message }) => conflict(message))] })
    expect(await (await get('/taken')).json()).toMatchObject({ status: 409, detail: 'taken' })
  })

  it('answers by Accept: JSON, XML or text', async () => {
    const { get } = await start({ log })
    const type = async (accept: string, path = '/nowhere') => (await get(path, { Accept: accept })).headers.get('content-type')
    expect(await type('application/xml')).toBe('application/problem+xml; charset=utf-8')
    expect(await type('application/problem+xml')).toBe('application/problem+xml; charset=utf-8')
    expect(await type('text/plain', '/bug')).toBe('text/plain; charset=utf-8')
    expect(await type('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8')).toBe('application/problem+json; charset=utf-8')
    expect(await type('image/png')).toBe('application/problem+json; charset=utf-8')
  })

  it('answers in formats of its own', async () => {
    const own: Mapper = { name: 'own', types: ['text/x-own'], problemType: 'text/x-own-problem', format: (data) => `! ${(data as { title: string }).title}` }
    const { get } = await start({ mappers: [own, json] })
    const response = await get('/nowhere')
    expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/x-own-problem; charset=utf-8', '! Not Found'])
  })

  it('cuts the connection where an answer has begun', async () => {
    const { raw } = await start({ log })
    const answer = await raw('GET /half HTTP/1.1\r\nHost: x\r\n\r\n', 1000)
    expect(answer).toContain('half')
    expect(answer).not.toContain('secret')
    expect(answer.endsWith('0\r\n\r\n')).toBe(false)
  })

  it('logs to stderr as Express does, unless the app is under test', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    try {
      const quiet = await start(undefined, (app) => app.set('env', 'test'))
      await quiet.get('/bug')
      expect(error).not.toHaveBeenCalled()
      const loud = await start(undefined, (app) => app.set('env', 'production'))
      await loud.get('/bug')
      expect(error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('Error: secret'))
    } finally {
      error.mockRestore()
    }
  })

  it("lets an error handler of the application's own come before", async () => {
    const app = express()
    app.get('/bug', () => {
      throw new Error('secret')
    })
    const seen: unknown[] = []
    const watch: ErrorRequestHandler = (error, _req, _res, next) => {
      seen.push(error)
      next(error)
    }
    app.use(watch, problems({ log }))
    const { get } = await serveApp(app)
    expect((await get('/bug')).status).toBe(500)
    expect(seen).toHaveLength(1)
  })
})
