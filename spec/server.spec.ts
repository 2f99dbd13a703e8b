import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { createServer, resource, type TrestleServerOptions } from '../lib/index.js'
import { serveApp } from './support/serve.js'

async function start(options: TrestleServerOptions = {}) {
  const app = express()
  const release: (() => void)[] = []
  app.use(
    resource('things', {
      get: () => 'quick',
      '/slow': { get: () => new Promise((resolve) => release.push(() => resolve('slow'))) },
      '/stream': {
        get: async function* () {
          yield Buffer.from('first ')
          await new Promise<void>((resolve) => release.push(resolve))
          yield Buffer.from('last')
        },
      },
    }),
  )
  const served = await serveApp(app, (app) => createServer(app, options))
  return { ...served, release: () => release.shift()?.(), waiting: () => expect.poll(() => release.length).toBe(1) }
}

function ask(port: number, path: string, agent: Agent): Promise<IncomingMessage & { text: Promise<string> }> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, path, agent, host: '127.0.0.1' }, (response) => {
      const text = (async () => {
        let whole = ''
        for await (const chunk of response) whole += chunk
        return whole
      })()
      resolve(Object.assign(response, { text }))
    })
      .on('error', reject)
      .end()
  })
}

const closed = (server: { close(done: (error?: Error) => void): unknown }) =>
  new Promise<number>((resolve, reject) => {
    const started = performance.now()
    server.close((error) => (error ? reject(error) : resolve(performance.now() - started)))
  })

describe('createServer', () => {
  it('serves any Express app', async () => {
    const { get } = await start()
    expect(await (await get('/things')).json()).toBe('quick')
    expect((await get('/x')).status).toBe(404)
  })

  it("makes requests and responses of the app's own kind, with Express's members on them", async () => {
    const app = express()
    Object.assign(app.response, { own: () => 'mine' })
    app.get('/', (req, res) => {
      res.json([
        req.path,
        req.get('host')?.slice(0, 9),
        Object.getPrototypeOf(req) === app.request,
        Object.getPrototypeOf(res) === app.response,
        (res as unknown as { own(): string }).own(),
      ])
    })
    const { get } = await serveApp(app)
    expect(await (await get('/')).json()).toEqual(['/', '127.0.0.1', true, true, 'mine'])
  })

  it('has timeouts that a public server can live with, and takes others', () => {
    const server = createServer(express())
    expect([server.headersTimeout, server.requestTimeout, server.keepAliveTimeout]).toEqual([30_000, 120_000, 72_000])
    const other = createServer(express(), { headersTimeout: 1000, requestTimeout: 2000, keepAliveTimeout: 3000, maxHeaderSize: 4000 })
    expect([other.headersTimeout, other.requestTimeout, other.keepAliveTimeout]).toEqual([1000, 2000, 3000])
  })

  it.each([undefined, null, {}, () => 1, { request: {}, response: {} }])('throws for what is no Express app: %s', (app) => {
    expect(() => createServer(app as never)).toThrow('an Express app is needed')
  })
})

describe('close()', () => {
  it('lets requests in flight finish, and tells their clients to go', async () => {
    const { port, server, release, waiting } = await start()
    const agent = new Agent({ keepAlive: true })
    const pending = ask(port, '/things/slow', agent)
    await waiting()
    const done = closed(server)
    await sleep(20)
    release()
    const response = await pending
    expect(await response.text).toBe('"slow"')
    expect(response.headers.connection).toBe('close')
    expect(await done).toBeLessThan(1000)
    agent.destroy()
  })

  it('lets an answer that has begun finish too', async () => {
    const { port, server, release, waiting } = await start({ keepAliveTimeout: 60_000 })
    const agent = new Agent({ keepAlive: true })
    const response = await ask(port, '/things/stream', agent)
    await waiting()
    const done = closed(server)
    await sleep(20)
    release()
    expect(await response.text).toBe('first last')
    expect(await done).toBeLessThan(1000)
    agent.destroy()
  })

  it('closes kept connections that are idle at once', async () => {
    const { port, server } = await start()
    const agent = new Agent({ keepAlive: true })
    expect(await (await ask(port, '/things', agent)).text).toBe('"quick"')
    expect(await closed(server)).toBeLessThan(500)
    agent.destroy()
  })

  it('answers a request that comes in on a kept connection meanwhile, and tells its client to go', async () => {
    const { port, server, release, waiting } = await start()
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.write('GET /things/slow HTTP/1.1\r\nHost: x\r\n\r\nGET /things HTTP/1.1\r\nHost: x\r\n\r\n')
    await waiting()
    const done = closed(server)
    release()
    await once(socket, 'close')
    expect(answer).toContain('"slow"')
    expect(answer.match(/connection: close/gi)).toHaveLength(1)
    expect(await done).toBeLessThan(1000)
  })

  it('takes no new connections', async () => {
    const { port, server } = await start()
    await closed(server)
    const socket = connect(port, '127.0.0.1')
    const [error] = await once(socket, 'error')
    expect(error.code).toBe('ECONNREFUSED')
  })

  it('cuts off what is not done after closeTimeout', async () => {
    const { port, server, waiting } = await start({ closeTimeout: 200 })
    const agent = new Agent({ keepAlive: true })
    const pending = ask(port, '/things/slow', agent).catch((error: NodeJS.ErrnoException) => error.code)
    await waiting()
    const took = await closed(server)
    expect(took).toBeGreaterThan(150)
    expect(took).toBeLessThan(1500)
    expect(await pending).toBe('ECONNRESET')
    agent.destroy()
  })

  it('tells whoever calls it twice, as Node does', async () => {
    const { server } = await start()
    await closed(server)
    await expect(closed(server)).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' })
  })
})
